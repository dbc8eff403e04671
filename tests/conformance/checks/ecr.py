"""ECR. moto has most of it; where it is laxer than AWS, or words an answer otherwise, AWS's pages decide."""

import json

from harness import ACCOUNT, REGION, Error, Has, Scenario, c

SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ecr-pullthroughcache/docker-hub-AbCdEf"
API = "https://docs.aws.amazon.com/AmazonECR/latest/APIReference"
GUIDE = "https://docs.aws.amazon.com/AmazonECR/latest/userguide"
CREATE = f"{API}/API_CreateRepository.html"
LIFECYCLE = f"{GUIDE}/lifecycle_policy_parameters.html"
ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/app"
NAMED = {"repositoryName": "team/app"}
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "config": {"size": 1}, "layers": []})
REPOSITORY = {
    "repositoryArn": ARN,
    "registryId": ACCOUNT,
    "repositoryName": "team/app",
    "repositoryUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/team/app",
    "createdAt": "<date>",
    "imageTagMutability": "MUTABLE",
    "imageScanningConfiguration": {"scanOnPush": False},
    "encryptionConfiguration": {"encryptionType": "AES256"},
}


def ecr(operation, arguments=None, **more):
    return c("ecr", operation, arguments, **more)


def create(name="team/app", **more):
    return ecr("create_repository", {"repositoryName": name}, **more)


def policy(principal=ACCOUNT, action="ecr:BatchGetImage", **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "a", "Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, **more}]})


def rules(*rules):
    return json.dumps({"rules": list(rules)})


def rule(priority, action="expire", **selection):
    return {"rulePriority": priority, "selection": selection, "action": {"type": action}}


COUNT = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3}
OLD = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 3}
GOOD = rules(rule(1, **OLD), rule(2, **COUNT))


def bad_lifecycle(text):
    return ecr("put_lifecycle_policy", {**NAMED, "lifecyclePolicyText": text}, aws=Error("InvalidParameterException"), page=LIFECYCLE)


SCENARIOS = [
    Scenario(
        "ecr repositories",
        [
            ecr("describe_repositories", aws=Has({"repositories": []}), page=f"{API}/API_DescribeRepositories.html"),
            create(aws=Has({"repository": REPOSITORY}), page=CREATE),
            create(aws=Error("RepositoryAlreadyExistsException"), page=CREATE),
            create("Upper", aws=Error("InvalidParameterException"), page=CREATE),
            create("a..b", aws=Error("InvalidParameterException"), page=CREATE),
            ecr("create_repository", {"repositoryName": "with-key", "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "alias/none"}}, aws=Error("KmsException"), page=CREATE),
            ecr("create_repository", {"repositoryName": "tags", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}, aws=Error("InvalidParameterException"), page=CREATE),
            ecr("describe_repositories", {"repositoryNames": ["team/app", "none"]}, aws=Error("RepositoryNotFoundException"), page=f"{API}/API_DescribeRepositories.html"),
            ecr("describe_repositories", aws=Has({"repositories": [REPOSITORY]}), page=f"{API}/API_DescribeRepositories.html"),
            ecr("put_image_tag_mutability", {**NAMED, "imageTagMutability": "IMMUTABLE"}, aws=Has({"registryId": ACCOUNT, "repositoryName": "team/app", "imageTagMutability": "IMMUTABLE"}), page=f"{API}/API_PutImageTagMutability.html"),
            ecr("put_image_scanning_configuration", {**NAMED, "imageScanningConfiguration": {"scanOnPush": True}}, aws=Has({"imageScanningConfiguration": {"scanOnPush": True}}), page=f"{API}/API_PutImageScanningConfiguration.html"),
            ecr("tag_resource", {"resourceArn": ARN, "tags": [{"Key": "a", "Value": "b"}]}, aws=Has({}), page=f"{API}/API_TagResource.html"),
            ecr("tag_resource", {"resourceArn": ARN, "tags": [{"Key": "aws:a", "Value": "b"}]}, aws=Error("InvalidTagParameterException"), page=f"{API}/API_TagResource.html"),
            ecr("list_tags_for_resource", {"resourceArn": ARN}, aws=Has({"tags": [{"Key": "a", "Value": "b"}]}), page=f"{API}/API_ListTagsForResource.html"),
            ecr("untag_resource", {"resourceArn": ARN, "tagKeys": ["a"]}, aws=Has({}), page=f"{API}/API_UntagResource.html"),
            ecr("list_tags_for_resource", {"resourceArn": ARN}, aws=Has({"tags": []}), page=f"{API}/API_ListTagsForResource.html"),
            ecr("delete_repository", NAMED, aws=Has({}), page=f"{API}/API_DeleteRepository.html"),
            ecr("delete_repository", NAMED, aws=Error("RepositoryNotFoundException"), page=f"{API}/API_DeleteRepository.html"),
        ],
    ),
    Scenario(
        "ecr policies",
        [
            create(aws=Has({}), page=CREATE),
            ecr("get_repository_policy", NAMED, aws=Error("RepositoryPolicyNotFoundException"), page=f"{API}/API_GetRepositoryPolicy.html"),
            ecr("set_repository_policy", {**NAMED, "policyText": policy()}, aws=Has({"repositoryName": "team/app"}), page=f"{API}/API_SetRepositoryPolicy.html"),
            ecr("set_repository_policy", {**NAMED, "policyText": "x"}, aws=Error("InvalidParameterException"), page=f"{API}/API_SetRepositoryPolicy.html"),
            ecr("set_repository_policy", {**NAMED, "policyText": policy(Resource="*")}, aws=Error("InvalidParameterException"), page=f"{GUIDE}/repository-policies.html"),
            ecr("set_repository_policy", {**NAMED, "policyText": policy(principal="999999999999")}, aws=Error("InvalidParameterException", "Principal not found"), page=f"{GUIDE}/repository-policies.html"),
            ecr("delete_repository_policy", NAMED, aws=Has({"repositoryName": "team/app"}), page=f"{API}/API_DeleteRepositoryPolicy.html"),
            ecr("delete_repository_policy", NAMED, aws=Error("RepositoryPolicyNotFoundException"), page=f"{API}/API_DeleteRepositoryPolicy.html"),
            ecr("get_lifecycle_policy", NAMED, aws=Error("LifecyclePolicyNotFoundException"), page=f"{API}/API_GetLifecyclePolicy.html"),
            ecr("put_lifecycle_policy", {**NAMED, "lifecyclePolicyText": GOOD}, aws=Has({"lifecyclePolicyText": GOOD}), page=f"{API}/API_PutLifecyclePolicy.html"),
            bad_lifecycle(rules(rule(1, **COUNT), rule(2, **OLD))),
            bad_lifecycle(rules(rule(1, **OLD), rule(1, **COUNT))),
            bad_lifecycle(rules(rule(1, **{**OLD, "tagStatus": "tagged"}))),
            bad_lifecycle(rules(rule(1, **{**OLD, "tagPrefixList": ["a"]}))),
            bad_lifecycle(rules(rule(1, **{**COUNT, "countNumber": 0}))),
            bad_lifecycle(rules(rule(1, **{**COUNT, "countUnit": "days"}))),
            ecr("get_lifecycle_policy", NAMED, aws=Has({"lifecyclePolicyText": GOOD}), page=f"{API}/API_GetLifecyclePolicy.html"),
            ecr("delete_lifecycle_policy", NAMED, aws=Has({"lifecyclePolicyText": GOOD}), page=f"{API}/API_DeleteLifecyclePolicy.html"),
            ecr("delete_lifecycle_policy", NAMED, aws=Error("LifecyclePolicyNotFoundException"), page=f"{API}/API_DeleteLifecyclePolicy.html"),
        ],
    ),
    Scenario(
        "ecr images",
        [
            create(aws=Has({}), page=CREATE),
            ecr("list_images", NAMED, aws=Has({"imageIds": []}), page=f"{API}/API_ListImages.html"),
            ecr("put_image", {**NAMED, "imageManifest": MANIFEST, "imageTag": "v1"}, aws=Has({"image": {"registryId": ACCOUNT, "repositoryName": "team/app"}}), page=f"{API}/API_PutImage.html"),
            ecr("put_image", {**NAMED, "imageManifest": MANIFEST, "imageTag": "v1"}, aws=Error("ImageAlreadyExistsException"), page=f"{API}/API_PutImage.html"),
            ecr("delete_repository", NAMED, aws=Error("RepositoryNotEmptyException"), page=f"{API}/API_DeleteRepository.html"),
            ecr("batch_get_image", {**NAMED, "imageIds": [{"imageTag": "none"}]}, aws=Has({"images": [], "failures": [{"imageId": {"imageTag": "none"}, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}]}), page=f"{API}/API_BatchGetImage.html"),
            ecr("batch_delete_image", {**NAMED, "imageIds": [{"imageTag": "v1"}]}, aws=Has({"failures": []}), page=f"{API}/API_BatchDeleteImage.html"),
            ecr("list_images", NAMED, aws=Has({"imageIds": []}), page=f"{API}/API_ListImages.html"),
            ecr("delete_repository", NAMED, aws=Has({}), page=f"{API}/API_DeleteRepository.html"),
            ecr("get_authorization_token", aws=Has({}), page=f"{API}/API_GetAuthorizationToken.html"),
        ],
    ),
    Scenario(
        "ecr registry",
        [
            ecr("get_registry_policy", aws=Error("RegistryPolicyNotFoundException"), page=f"{API}/API_GetRegistryPolicy.html"),
            ecr("put_registry_policy", {"policyText": policy(action="ecr:ReplicateImage", Resource=f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/*")}, aws=Has({"registryId": ACCOUNT}), page=f"{API}/API_PutRegistryPolicy.html"),
            ecr("delete_registry_policy", aws=Has({"registryId": ACCOUNT}), page=f"{API}/API_DeleteRegistryPolicy.html"),
            ecr("get_registry_scanning_configuration", aws=Has({"registryId": ACCOUNT, "scanningConfiguration": {"scanType": "BASIC", "rules": []}}), page=f"{API}/API_GetRegistryScanningConfiguration.html"),
            ecr("put_registry_scanning_configuration", {"scanType": "BASIC", "rules": [{"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}]}, aws=Error("InvalidParameterException"), page=f"{API}/API_RegistryScanningRule.html"),
            ecr("put_registry_scanning_configuration", {"scanType": "BASIC", "rules": [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}]}, aws=Has({"registryScanningConfiguration": {"scanType": "BASIC", "rules": [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}]}}), page=f"{API}/API_PutRegistryScanningConfiguration.html"),
            ecr("describe_registry", aws=Has({"registryId": ACCOUNT, "replicationConfiguration": {"rules": []}}), page=f"{API}/API_DescribeRegistry.html"),
            ecr("put_replication_configuration", {"replicationConfiguration": {"rules": [{"destinations": [{"region": REGION, "registryId": ACCOUNT}]}]}}, aws=Error("InvalidParameterException"), page=f"{API}/API_PutReplicationConfiguration.html"),
            ecr("put_replication_configuration", {"replicationConfiguration": {"rules": [{"destinations": [{"region": "us-east-1", "registryId": ACCOUNT}]}]}}, aws=Has({"replicationConfiguration": {"rules": [{"destinations": [{"region": "us-east-1", "registryId": ACCOUNT}]}]}}), page=f"{API}/API_PutReplicationConfiguration.html"),
        ],
    ),
    Scenario(
        "ecr pull through cache and account settings",
        [
            ecr("describe_pull_through_cache_rules", aws=Has({"pullThroughCacheRules": []}), page=f"{API}/API_DescribePullThroughCacheRules.html"),
            ecr("create_pull_through_cache_rule", {"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "https://quay.io"}, aws=Error("UnsupportedUpstreamRegistryException"), page=f"{API}/API_CreatePullThroughCacheRule.html"),
            ecr("create_pull_through_cache_rule", {"ecrRepositoryPrefix": "docker-hub", "upstreamRegistryUrl": "registry-1.docker.io"}, aws=Error("InvalidParameterException"), page=f"{API}/API_CreatePullThroughCacheRule.html"),
            ecr("create_pull_through_cache_rule", {"ecrRepositoryPrefix": "docker-hub", "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": SECRET}, aws=Has({"ecrRepositoryPrefix": "docker-hub", "upstreamRegistry": "docker-hub", "credentialArn": SECRET, "upstreamRepositoryPrefix": "ROOT"}), page=f"{API}/API_CreatePullThroughCacheRule.html"),
            ecr("create_pull_through_cache_rule", {"ecrRepositoryPrefix": "docker-hub/", "upstreamRegistryUrl": "public.ecr.aws"}, aws=Error("PullThroughCacheRuleAlreadyExistsException"), page=f"{API}/API_CreatePullThroughCacheRule.html"),
            ecr("update_pull_through_cache_rule", {"ecrRepositoryPrefix": "docker-hub", "credentialArn": SECRET + "2"}, aws=Has({"ecrRepositoryPrefix": "docker-hub", "credentialArn": SECRET + "2"}), page=f"{API}/API_UpdatePullThroughCacheRule.html"),
            ecr("update_pull_through_cache_rule", {"ecrRepositoryPrefix": "nobody", "credentialArn": SECRET}, aws=Error("PullThroughCacheRuleNotFoundException"), page=f"{API}/API_UpdatePullThroughCacheRule.html"),
            ecr("describe_pull_through_cache_rules", {"ecrRepositoryPrefixes": ["docker-hub"]}, aws=Has({"pullThroughCacheRules": [{"ecrRepositoryPrefix": "docker-hub", "credentialArn": SECRET + "2"}]}), page=f"{API}/API_DescribePullThroughCacheRules.html"),
            ecr("delete_pull_through_cache_rule", {"ecrRepositoryPrefix": "docker-hub"}, aws=Has({"ecrRepositoryPrefix": "docker-hub"}), page=f"{API}/API_DeletePullThroughCacheRule.html"),
            ecr("delete_pull_through_cache_rule", {"ecrRepositoryPrefix": "docker-hub"}, aws=Error("PullThroughCacheRuleNotFoundException"), page=f"{API}/API_DeletePullThroughCacheRule.html"),
            ecr("put_account_setting", {"name": "BLOB_MOUNTING", "value": "SOMETIMES"}, aws=Error("InvalidParameterException"), page=f"{API}/API_PutAccountSetting.html"),
            ecr("put_account_setting", {"name": "BLOB_MOUNTING", "value": "ENABLED"}, aws=Has({"name": "BLOB_MOUNTING", "value": "ENABLED"}), page=f"{API}/API_PutAccountSetting.html"),
            ecr("get_account_setting", {"name": "BLOB_MOUNTING"}, aws=Has({"name": "BLOB_MOUNTING", "value": "ENABLED"}), page=f"{API}/API_GetAccountSetting.html"),
        ],
    ),
]
