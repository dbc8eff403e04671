"""CodeDeploy. moto has few of its operations: for the others AWS's pages decide, and boto3's own reading of the answers."""

import json

from harness import ACCOUNT, REGION, Error, Has, Scenario, c

API = "https://docs.aws.amazon.com/codedeploy/latest/APIReference"
GUIDE = "https://docs.aws.amazon.com/codedeploy/latest/userguide"
CONFIGS = f"{GUIDE}/deployment-configurations.html"
CREATE_GROUP = f"{API}/API_CreateDeploymentGroup.html"
UPDATE_GROUP = f"{API}/API_UpdateDeploymentGroup.html"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"
APP_ARN = f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:application:web"
GROUP_ARN = f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:deploymentgroup:web/all"
DEPLOY = f"{API}/API_CreateDeployment.html"
REVISION = {"revisionType": "S3", "s3Location": {"bucket": "b", "key": "k", "bundleType": "zip"}}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "codedeploy.amazonaws.com"}}
        ],
    }
)
ELSE = TRUST.replace("codedeploy", "ec2")
FILTER = {"Key": "Application", "Value": "MyWebApp", "Type": "KEY_AND_VALUE"}


def cd(operation, arguments=None, **more):
    return c("codedeploy", operation, arguments, **more)


def role(name="deploy", trust=TRUST):
    page = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"
    return c("iam", "create_role", {"RoleName": name, "AssumeRolePolicyDocument": trust}, aws=Has({}), page=page)


def group(**more):
    return {"applicationName": "web", "deploymentGroupName": "all", "serviceRoleArn": ROLE, **more}


NAMED = {"applicationName": "web", "deploymentGroupName": "all"}
INSTANCE_USER = f"arn:aws:iam::{ACCOUNT}:user/pi"
REGISTER = f"{API}/API_RegisterOnPremisesInstance.html"


def refused(code, page=CREATE_GROUP, **more):
    return cd("create_deployment_group", group(**more), aws=Error(code), page=page)


SCENARIOS = [
    Scenario(
        "codedeploy applications",
        [
            cd("list_applications", aws=Has({"applications": []}), page=f"{API}/API_ListApplications.html"),
            cd("create_application", {"applicationName": "web"}, aws=Has({"applicationId": "<uuid>"}), page=f"{API}/API_CreateApplication.html"),
            cd("create_application", {"applicationName": "web"}, aws=Error("ApplicationAlreadyExistsException"), page=f"{API}/API_CreateApplication.html"),
            cd("create_application", {"applicationName": "a b"}, aws=Error("InvalidApplicationNameException"), page=f"{GUIDE}/limits.html"),
            cd("create_application", {"applicationName": "x" * 101}, aws=Error("InvalidApplicationNameException"), page=f"{GUIDE}/limits.html"),
            cd("create_application", {"applicationName": "x", "computePlatform": "EKS"}, aws=Error("InvalidComputePlatformException"), page=f"{API}/API_CreateApplication.html"),
            cd("get_application", {"applicationName": "none"}, aws=Error("ApplicationDoesNotExistException"), page=f"{API}/API_GetApplication.html"),
            cd(
                "get_application",
                {"applicationName": "web"},
                aws=Has({"application": {"applicationId": "<uuid>", "applicationName": "web", "createTime": "<date>", "linkedToGitHub": False, "computePlatform": "Server"}}),
                page=f"{API}/API_ApplicationInfo.html",
            ),
            cd("batch_get_applications", {"applicationNames": [f"a{n}" for n in range(101)]}, aws=Error("BatchLimitExceededException"), page=f"{API}/API_BatchGetApplications.html"),
            cd("list_applications", aws=Has({"applications": ["web"]}), page=f"{API}/API_ListApplications.html"),
            cd("list_applications", {"nextToken": "!"}, aws=Error("InvalidNextTokenException"), page=f"{API}/API_ListApplications.html"),
            cd("update_application", {"applicationName": "web", "newApplicationName": "api"}, aws=Has({}), page=f"{API}/API_UpdateApplication.html"),
            cd("list_applications", aws=Has({"applications": ["api"]}), page=f"{API}/API_ListApplications.html"),
            cd("delete_application", {"applicationName": "api"}, aws=Has({}), page=f"{API}/API_DeleteApplication.html"),
            cd("delete_application", {"applicationName": "api"}, aws=Has({}), page=f"{API}/API_DeleteApplication.html"),
        ],
    ),
    Scenario(
        "codedeploy deployment groups",
        [
            role(),
            role("other", ELSE),
            cd("create_application", {"applicationName": "web"}, aws=Has({"applicationId": "<uuid>"}), page=f"{API}/API_CreateApplication.html"),
            refused("InvalidRoleException", serviceRoleArn=f"arn:aws:iam::{ACCOUNT}:role/none"),
            refused("InvalidRoleException", serviceRoleArn=f"arn:aws:iam::{ACCOUNT}:role/other"),
            refused("ApplicationDoesNotExistException", applicationName="none"),
            refused("DeploymentConfigDoesNotExistException", deploymentConfigName="none"),
            refused("InvalidEC2TagCombinationException", ec2TagFilters=[FILTER], ec2TagSet={"ec2TagSetList": [[FILTER]]}),
            refused("InvalidOnPremisesTagCombinationException", onPremisesInstanceTagFilters=[FILTER], onPremisesTagSet={"onPremisesTagSetList": [[FILTER]]}),
            refused("TagSetListLimitExceededException", ec2TagSet={"ec2TagSetList": [[FILTER]] * 4}),
            refused("InvalidAlarmConfigException", alarmConfiguration={"enabled": True, "alarms": []}),
            refused("AlarmsLimitExceededException", alarmConfiguration={"enabled": True, "alarms": [{"name": f"a{n}"} for n in range(11)]}),
            refused("InvalidTriggerConfigException", triggerConfigurations=[{"triggerName": "x", "triggerTargetArn": "x", "triggerEvents": ["DeploymentStart"]}]),
            cd("create_deployment_group", group(ec2TagFilters=[FILTER], autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}), aws=Has({"deploymentGroupId": "<uuid>"}), page=CREATE_GROUP),
            refused("DeploymentGroupAlreadyExistsException"),
            cd(
                "get_deployment_group",
                NAMED,
                aws=Has(
                    {
                        "deploymentGroupInfo": {
                            "applicationName": "web",
                            "deploymentGroupName": "all",
                            "deploymentGroupId": "<uuid>",
                            "deploymentConfigName": "CodeDeployDefault.OneAtATime",
                            "ec2TagFilters": [FILTER],
                            "onPremisesInstanceTagFilters": [],
                            "autoScalingGroups": [],
                            "serviceRoleArn": ROLE,
                            "triggerConfigurations": [],
                            "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]},
                            "deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"},
                            "outdatedInstancesStrategy": "UPDATE",
                            "computePlatform": "Server",
                            "terminationHookEnabled": False,
                        }
                    }
                ),
                page=f"{API}/API_DeploymentGroupInfo.html",
            ),
            cd("update_deployment_group", {"applicationName": "web", "currentDeploymentGroupName": "all", "ec2TagFilters": [], "ec2TagSet": {"ec2TagSetList": [[FILTER]]}}, aws=Has({"hooksNotCleanedUp": []}), page=UPDATE_GROUP),
            cd("update_deployment_group", {"applicationName": "web", "currentDeploymentGroupName": "none"}, aws=Error("DeploymentGroupDoesNotExistException"), page=UPDATE_GROUP),
            cd("batch_get_deployment_groups", {"applicationName": "web", "deploymentGroupNames": ["all", "none"]}, aws=Has({}), page=f"{API}/API_BatchGetDeploymentGroups.html"),
            cd("list_deployment_groups", {"applicationName": "web"}, aws=Has({"applicationName": "web", "deploymentGroups": ["all"]}), page=f"{API}/API_ListDeploymentGroups.html"),
            cd("tag_resource", {"ResourceArn": GROUP_ARN, "Tags": [{"Key": "a", "Value": "b"}]}, aws=Has({}), page=f"{API}/API_TagResource.html"),
            cd("tag_resource", {"ResourceArn": APP_ARN, "Tags": [{"Key": "a", "Value": "c"}]}, aws=Has({}), page=f"{API}/API_TagResource.html"),
            cd("list_tags_for_resource", {"ResourceArn": GROUP_ARN}, aws=Has({"Tags": [{"Key": "a", "Value": "b"}]}), page=f"{API}/API_ListTagsForResource.html"),
            cd("tag_resource", {"ResourceArn": APP_ARN, "Tags": []}, aws=Error("TagRequiredException"), page=f"{API}/API_TagResource.html"),
            cd("untag_resource", {"ResourceArn": GROUP_ARN, "TagKeys": ["a"]}, aws=Has({}), page=f"{API}/API_UntagResource.html"),
            cd("list_tags_for_resource", {"ResourceArn": GROUP_ARN}, aws=Has({"Tags": []}), page=f"{API}/API_ListTagsForResource.html"),
            cd("delete_deployment_group", NAMED, aws=Has({"hooksNotCleanedUp": []}), page=f"{API}/API_DeleteDeploymentGroup.html"),
            cd("get_deployment_group", NAMED, aws=Error("DeploymentGroupDoesNotExistException"), page=f"{API}/API_GetDeploymentGroup.html"),
        ],
    ),
    Scenario(
        "codedeploy deployment configurations",
        [
            cd("get_deployment_config", {"deploymentConfigName": "none"}, aws=Error("DeploymentConfigDoesNotExistException"), page=f"{API}/API_GetDeploymentConfig.html"),
            cd("get_deployment_config", {"deploymentConfigName": "CodeDeployDefault.HalfAtATime"}, aws=Has({}), page=CONFIGS),
            cd("get_deployment_config", {"deploymentConfigName": "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"}, aws=Has({}), page=CONFIGS),
            cd("get_deployment_config", {"deploymentConfigName": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"}, aws=Has({}), page=CONFIGS),
            cd("create_deployment_config", {"deploymentConfigName": "half", "minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": 50}}, aws=Has({"deploymentConfigId": "<uuid>"}), page=f"{API}/API_CreateDeploymentConfig.html"),
            cd("create_deployment_config", {"deploymentConfigName": "half", "minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": 50}}, aws=Error("DeploymentConfigAlreadyExistsException"), page=f"{API}/API_CreateDeploymentConfig.html"),
            cd("create_deployment_config", {"deploymentConfigName": "no"}, aws=Error("InvalidMinimumHealthyHostValueException"), page=f"{API}/API_CreateDeploymentConfig.html"),
            cd("delete_deployment_config", {"deploymentConfigName": "CodeDeployDefault.OneAtATime"}, aws=Error("InvalidOperationException"), page=f"{API}/API_DeleteDeploymentConfig.html"),
            cd("delete_deployment_config", {"deploymentConfigName": "half"}, aws=Has({}), page=f"{API}/API_DeleteDeploymentConfig.html"),
        ],
    ),
    Scenario(
        "codedeploy on-premises instances",
        [
            cd("register_on_premises_instance", {"instanceName": "pi"}, aws=Error("IamArnRequiredException"), page=REGISTER),
            cd("register_on_premises_instance", {"instanceName": "pi", "iamUserArn": "pi"}, aws=Error("InvalidIamUserArnException"), page=REGISTER),
            cd("register_on_premises_instance", {"instanceName": "pi", "iamUserArn": INSTANCE_USER, "iamSessionArn": INSTANCE_USER}, aws=Error("MultipleIamArnsProvidedException"), page=REGISTER),
            cd("register_on_premises_instance", {"instanceName": "pi", "iamUserArn": INSTANCE_USER}, aws=Has({}), page=REGISTER),
            cd("register_on_premises_instance", {"instanceName": "pi", "iamUserArn": INSTANCE_USER}, aws=Error("InstanceNameAlreadyRegisteredException"), page=REGISTER),
            cd("register_on_premises_instance", {"instanceName": "pi2", "iamUserArn": INSTANCE_USER}, aws=Error("IamUserArnAlreadyRegisteredException"), page=REGISTER),
            cd("add_tags_to_on_premises_instances", {"instanceNames": ["pi"], "tags": [{"Key": "a", "Value": "b"}]}, aws=Has({}), page=f"{API}/API_AddTagsToOnPremisesInstances.html"),
            cd("add_tags_to_on_premises_instances", {"instanceNames": ["none"], "tags": [{"Key": "a", "Value": "b"}]}, aws=Error("InstanceNotRegisteredException"), page=f"{API}/API_AddTagsToOnPremisesInstances.html"),
            cd("list_on_premises_instances", {"registrationStatus": "Registered"}, aws=Has({"instanceNames": ["pi"]}), page=f"{API}/API_ListOnPremisesInstances.html"),
            cd("deregister_on_premises_instance", {"instanceName": "pi"}, aws=Has({}), page=f"{API}/API_DeregisterOnPremisesInstance.html"),
            cd("list_on_premises_instances", {"registrationStatus": "Registered"}, aws=Has({"instanceNames": []}), page=f"{API}/API_ListOnPremisesInstances.html"),
            cd("register_on_premises_instance", {"instanceName": "pi", "iamUserArn": INSTANCE_USER}, aws=Error("InstanceNameAlreadyRegisteredException"), page=f"{GUIDE}/on-premises-instances-operations-deregister.html"),
        ],
    ),
    Scenario(
        "codedeploy deployments",
        [
            c("iam", "create_role", {"RoleName": "deploy", "AssumeRolePolicyDocument": TRUST}, only=("x",)),
            cd("create_application", {"applicationName": "web"}, aws=Has({"applicationId": "<uuid>"}), page=f"{API}/API_CreateApplication.html"),
            cd("create_deployment", {"applicationName": "none", "deploymentGroupName": "all", "revision": REVISION}, aws=Error("ApplicationDoesNotExistException"), page=DEPLOY),
            cd("create_deployment", {"applicationName": "web", "deploymentGroupName": "all", "revision": REVISION}, aws=Error("DeploymentGroupDoesNotExistException"), page=DEPLOY),
            cd("create_deployment_group", {"applicationName": "web", "deploymentGroupName": "all", "serviceRoleArn": ROLE}, aws=Has({"deploymentGroupId": "<uuid>"}), page=CREATE_GROUP),
            cd("create_deployment", {"applicationName": "web", "deploymentGroupName": "all"}, aws=Error("RevisionRequiredException"), page=DEPLOY),
            cd("create_deployment", {"applicationName": "web", "deploymentGroupName": "all", "revision": {"revisionType": "S3"}}, aws=Error("InvalidRevisionException"), page=DEPLOY),
            cd("create_deployment", {"applicationName": "web", "deploymentGroupName": "all", "revision": REVISION, "deploymentConfigName": "none"}, aws=Error("DeploymentConfigDoesNotExistException"), page=DEPLOY),
            cd("create_deployment", {"applicationName": "web", "deploymentGroupName": "all", "revision": REVISION}, save="deployment", only=("x",)),
            cd("get_deployment", lambda got: {"deploymentId": got["deployment"]["deploymentId"]}, aws=Has({"deploymentInfo": {"applicationName": "web", "deploymentGroupName": "all", "deploymentConfigName": "CodeDeployDefault.OneAtATime", "status": "Failed", "createTime": "<date>", "computePlatform": "Server"}}), page=f"{API}/API_GetDeployment.html"),
            cd("stop_deployment", lambda got: {"deploymentId": got["deployment"]["deploymentId"]}, aws=Error("DeploymentAlreadyCompletedException"), page=f"{API}/API_StopDeployment.html"),
            cd("get_deployment", {"deploymentId": "d-NONE00000"}, aws=Error("DeploymentDoesNotExistException"), page=f"{API}/API_GetDeployment.html"),
            cd("get_deployment", {"deploymentId": "none"}, aws=Error("InvalidDeploymentIdException"), page=f"{API}/API_GetDeployment.html"),
            cd("list_deployments", {"applicationName": "web", "deploymentGroupName": "all", "includeOnlyStatuses": ["InProgress"]}, aws=Has({"deployments": []}), page=f"{API}/API_ListDeployments.html"),
            cd("list_deployments", {"applicationName": "none"}, aws=Error("ApplicationDoesNotExistException"), page=f"{API}/API_ListDeployments.html"),
            cd("list_deployments", {"applicationName": "web", "deploymentGroupName": "all", "includeOnlyStatuses": ["Nonsense"]}, aws=Error("InvalidDeploymentStatusException"), page=f"{API}/API_ListDeployments.html"),
        ],
    ),
]
