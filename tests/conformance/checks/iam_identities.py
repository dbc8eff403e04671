"""IAM: who signs in, and by whose word."""

from harness import Error, Has, Scenario, c

from .iam import API, GUIDE, arn, tags

GITHUB = "token.actions.githubusercontent.com"
PROVIDER = arn("oidc-provider", GITHUB)
PRINT, OTHER_PRINT = "a" * 40, "b" * 40
PASSWORD = "correct-horse-Battery-1"


SAML = arn("saml-provider", "corporate")
METADATA = '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="idp">\n' + "<!-- " + "x" * 1000 + " -->\n</EntityDescriptor>"


def provider(**more):
    return {"Url": f"https://{GITHUB}", **more}


SCENARIOS = [
    Scenario(
        "iam renaming",
        [
            c("iam", "create_user", {"UserName": "ann"}, only=("x",)),
            c("iam", "create_user", {"UserName": "bob"}, only=("x",)),
            c("iam", "create_group", {"GroupName": "team"}, only=("x",)),
            c("iam", "create_group", {"GroupName": "crew"}, only=("x",)),
            c("iam", "add_user_to_group", {"UserName": "ann", "GroupName": "team"}),
            c("iam", "update_user", {"UserName": "ann", "NewUserName": "BOB"}, aws=Error("EntityAlreadyExists"), page=f"{API}/API_UpdateUser.html"),
            c("iam", "update_user", {"UserName": "none", "NewPath": "/x/"}, aws=Error("NoSuchEntity"), page=f"{API}/API_UpdateUser.html"),
            c("iam", "update_user", {"UserName": "ann", "NewPath": "x"}, aws=Error("ValidationError"), page=f"{API}/API_UpdateUser.html"),
            c("iam", "update_user", {"UserName": "ann", "NewUserName": "anna", "NewPath": "/x/"}, aws=Has({}), page=f"{API}/API_UpdateUser.html"),
            c("iam", "get_user", {"UserName": "anna"}, aws=Has({"User": {"UserName": "anna", "Path": "/x/", "Arn": arn("user", "x/anna")}}), page=f"{API}/API_UpdateUser.html"),
            c("iam", "get_user", {"UserName": "ann"}, aws=Error("NoSuchEntity"), page=f"{API}/API_UpdateUser.html"),
            c("iam", "list_groups_for_user", {"UserName": "anna"}, aws=Has({"Groups": [{"GroupName": "team"}]}), page=f"{GUIDE}/id_users_rename.html"),
            c("iam", "update_group", {"GroupName": "team", "NewGroupName": "Crew"}, aws=Error("EntityAlreadyExists"), page=f"{API}/API_UpdateGroup.html"),
            c("iam", "update_group", {"GroupName": "none", "NewPath": "/x/"}, aws=Error("NoSuchEntity"), page=f"{API}/API_UpdateGroup.html"),
            c("iam", "update_group", {"GroupName": "team", "NewGroupName": "builders", "NewPath": "/x/"}, aws=Has({}), page=f"{API}/API_UpdateGroup.html"),
            c("iam", "get_group", {"GroupName": "builders"}, aws=Has({"Group": {"GroupName": "builders", "Path": "/x/", "Arn": arn("group", "x/builders")}, "Users": [{"UserName": "anna"}]}), page=f"{API}/API_UpdateGroup.html"),
        ],
    ),
    Scenario(
        "iam passwords",
        [
            c("iam", "create_user", {"UserName": "ann"}, only=("x",)),
            c("iam", "get_login_profile", {"UserName": "ann"}, aws=Error("NoSuchEntity"), page=f"{API}/API_GetLoginProfile.html"),
            c("iam", "create_login_profile", {"UserName": "ann", "Password": "short"}, aws=Error("PasswordPolicyViolation"), page=f"{GUIDE}/id_credentials_passwords_account-policy.html"),
            c("iam", "create_login_profile", {"UserName": "ann", "Password": PASSWORD}, aws=Has({"LoginProfile": {"UserName": "ann", "CreateDate": "<date>", "PasswordResetRequired": False}}), page=f"{API}/API_CreateLoginProfile.html"),
            c("iam", "create_login_profile", {"UserName": "ann", "Password": PASSWORD}, aws=Error("EntityAlreadyExists"), page=f"{API}/API_CreateLoginProfile.html"),
            c("iam", "update_login_profile", {"UserName": "ann", "PasswordResetRequired": True}, aws=Has({}), page=f"{API}/API_UpdateLoginProfile.html"),
            c("iam", "get_login_profile", {"UserName": "ann"}, aws=Has({"LoginProfile": {"UserName": "ann", "PasswordResetRequired": True}}), page=f"{API}/API_GetLoginProfile.html"),
            c("iam", "delete_user", {"UserName": "ann"}, aws=Error("DeleteConflict"), page=f"{API}/API_DeleteUser.html"),
            c("iam", "delete_login_profile", {"UserName": "ann"}, aws=Has({}), page=f"{API}/API_DeleteLoginProfile.html"),
            c("iam", "delete_login_profile", {"UserName": "ann"}, aws=Error("NoSuchEntity"), page=f"{API}/API_DeleteLoginProfile.html"),
            c("iam", "delete_user", {"UserName": "ann"}, aws=Has({}), page=f"{API}/API_DeleteUser.html"),
            c("iam", "get_account_password_policy", aws=Error("NoSuchEntity"), page=f"{API}/API_GetAccountPasswordPolicy.html"),
            c("iam", "delete_account_password_policy", aws=Error("NoSuchEntity"), page=f"{API}/API_DeleteAccountPasswordPolicy.html"),
            c("iam", "update_account_password_policy", aws=Has({}), page=f"{API}/API_UpdateAccountPasswordPolicy.html"),
            c("iam", "get_account_password_policy", aws=Has({"PasswordPolicy": {"MinimumPasswordLength": 6, "RequireSymbols": False, "RequireNumbers": False, "RequireUppercaseCharacters": False, "RequireLowercaseCharacters": False, "AllowUsersToChangePassword": False, "ExpirePasswords": False}}), page=f"{API}/API_UpdateAccountPasswordPolicy.html"),
            c("iam", "update_account_password_policy", {"MinimumPasswordLength": 14, "RequireSymbols": True, "MaxPasswordAge": 90, "PasswordReusePrevention": 5, "HardExpiry": True}, aws=Has({}), page=f"{API}/API_UpdateAccountPasswordPolicy.html"),
            c("iam", "get_account_password_policy", aws=Has({"PasswordPolicy": {"MinimumPasswordLength": 14, "RequireSymbols": True, "ExpirePasswords": True, "MaxPasswordAge": 90, "PasswordReusePrevention": 5, "HardExpiry": True}}), page=f"{API}/API_PasswordPolicy.html"),
            c("iam", "update_account_password_policy", {"MinimumPasswordLength": 5}, aws=Error("ValidationError"), page=f"{API}/API_UpdateAccountPasswordPolicy.html"),
            c("iam", "update_account_password_policy", {"MaxPasswordAge": 1096}, aws=Error("ValidationError"), page=f"{API}/API_UpdateAccountPasswordPolicy.html"),
            c("iam", "update_account_password_policy", {"PasswordReusePrevention": 25}, aws=Error("ValidationError"), page=f"{API}/API_UpdateAccountPasswordPolicy.html"),
            c("iam", "delete_account_password_policy", aws=Has({}), page=f"{API}/API_DeleteAccountPasswordPolicy.html"),
            c("iam", "create_account_alias", {"AccountAlias": "a--b"}, aws=Error("ValidationError"), page=f"{API}/API_CreateAccountAlias.html"),
        ],
    ),
    Scenario(
        "iam openid connect providers",
        [
            c("iam", "list_open_id_connect_providers", aws=Has({"OpenIDConnectProviderList": []}), page=f"{API}/API_ListOpenIDConnectProviders.html"),
            c("iam", "create_open_id_connect_provider", {"Url": "http://example.com"}, aws=Error("ValidationError"), page=f"{API}/API_CreateOpenIDConnectProvider.html"),
            c("iam", "create_open_id_connect_provider", provider(ThumbprintList=["short"]), aws=Error("ValidationError"), page=f"{API}/API_CreateOpenIDConnectProvider.html"),
            c("iam", "create_open_id_connect_provider", provider(ThumbprintList=[PRINT] * 6), aws=Error("InvalidInput"), page=f"{API}/API_CreateOpenIDConnectProvider.html"),
            c("iam", "create_open_id_connect_provider", provider(ClientIDList=["x" * 256]), aws=Error("ValidationError"), page=f"{API}/API_CreateOpenIDConnectProvider.html"),
            c("iam", "create_open_id_connect_provider", provider(ClientIDList=["sts.amazonaws.com"], Tags=tags("b", "a")), aws=Has({"OpenIDConnectProviderArn": PROVIDER, "Tags": tags("a", "b")}), page=f"{API}/API_CreateOpenIDConnectProvider.html"),
            c("iam", "create_open_id_connect_provider", provider(), aws=Error("EntityAlreadyExists"), page=f"{API}/API_CreateOpenIDConnectProvider.html"),
            c("iam", "get_open_id_connect_provider", {"OpenIDConnectProviderArn": PROVIDER}, aws=Has({"Url": GITHUB, "ClientIDList": ["sts.amazonaws.com"], "CreateDate": "<date>", "Tags": tags("a", "b")}), page=f"{API}/API_GetOpenIDConnectProvider.html"),
            c("iam", "add_client_id_to_open_id_connect_provider", {"OpenIDConnectProviderArn": PROVIDER, "ClientID": "other"}, aws=Has({}), page=f"{API}/API_AddClientIDToOpenIDConnectProvider.html"),
            c("iam", "add_client_id_to_open_id_connect_provider", {"OpenIDConnectProviderArn": PROVIDER, "ClientID": "other"}, aws=Has({}), page=f"{API}/API_AddClientIDToOpenIDConnectProvider.html"),
            c("iam", "remove_client_id_from_open_id_connect_provider", {"OpenIDConnectProviderArn": PROVIDER, "ClientID": "sts.amazonaws.com"}, aws=Has({}), page=f"{API}/API_RemoveClientIDFromOpenIDConnectProvider.html"),
            c("iam", "remove_client_id_from_open_id_connect_provider", {"OpenIDConnectProviderArn": PROVIDER, "ClientID": "none"}, aws=Has({}), page=f"{API}/API_RemoveClientIDFromOpenIDConnectProvider.html"),
            c("iam", "update_open_id_connect_provider_thumbprint", {"OpenIDConnectProviderArn": PROVIDER, "ThumbprintList": [OTHER_PRINT, PRINT]}, aws=Has({}), page=f"{API}/API_UpdateOpenIDConnectProviderThumbprint.html"),
            c("iam", "get_open_id_connect_provider", {"OpenIDConnectProviderArn": PROVIDER}, aws=Has({"ClientIDList": ["other"], "ThumbprintList": [PRINT, OTHER_PRINT]}), page=f"{API}/API_GetOpenIDConnectProvider.html"),
            c("iam", "tag_open_id_connect_provider", {"OpenIDConnectProviderArn": PROVIDER, "Tags": tags("c")}, aws=Has({}), page=f"{API}/API_TagOpenIDConnectProvider.html"),
            c("iam", "untag_open_id_connect_provider", {"OpenIDConnectProviderArn": PROVIDER, "TagKeys": ["a"]}, aws=Has({}), page=f"{API}/API_UntagOpenIDConnectProvider.html"),
            c("iam", "list_open_id_connect_provider_tags", {"OpenIDConnectProviderArn": PROVIDER}, aws=Has({"Tags": tags("b", "c"), "IsTruncated": False}), page=f"{API}/API_ListOpenIDConnectProviderTags.html"),
            c("iam", "list_open_id_connect_providers", aws=Has({"OpenIDConnectProviderList": [{"Arn": PROVIDER}]}), page=f"{API}/API_ListOpenIDConnectProviders.html"),
            c("iam", "delete_open_id_connect_provider", {"OpenIDConnectProviderArn": PROVIDER}, aws=Has({}), page=f"{API}/API_DeleteOpenIDConnectProvider.html"),
            c("iam", "delete_open_id_connect_provider", {"OpenIDConnectProviderArn": PROVIDER}, aws=Has({}), page=f"{API}/API_DeleteOpenIDConnectProvider.html"),
            c("iam", "get_open_id_connect_provider", {"OpenIDConnectProviderArn": PROVIDER}, aws=Error("NoSuchEntity"), page=f"{API}/API_GetOpenIDConnectProvider.html"),
        ],
    ),
    Scenario(
        "iam saml providers",
        [
            c("iam", "list_saml_providers", aws=Has({"SAMLProviderList": []}), page=f"{API}/API_ListSAMLProviders.html"),
            c("iam", "create_saml_provider", {"Name": "corporate", "SAMLMetadataDocument": "<EntityDescriptor/>"}, aws=Error("ValidationError"), page=f"{API}/API_CreateSAMLProvider.html"),
            c("iam", "create_saml_provider", {"Name": "corporate", "SAMLMetadataDocument": "x" * 1000}, aws=Error("InvalidInput"), page=f"{API}/API_CreateSAMLProvider.html"),
            c("iam", "create_saml_provider", {"Name": "with+sign", "SAMLMetadataDocument": METADATA}, aws=Error("ValidationError"), page=f"{API}/API_CreateSAMLProvider.html"),
            c("iam", "create_saml_provider", {"Name": "corporate", "SAMLMetadataDocument": METADATA, "AssertionEncryptionMode": "Never"}, aws=Error("ValidationError"), page=f"{API}/API_CreateSAMLProvider.html"),
            c("iam", "create_saml_provider", {"Name": "corporate", "SAMLMetadataDocument": METADATA, "Tags": tags("b", "a")}, aws=Has({"SAMLProviderArn": SAML, "Tags": tags("a", "b")}), page=f"{API}/API_CreateSAMLProvider.html"),
            c("iam", "create_saml_provider", {"Name": "Corporate", "SAMLMetadataDocument": METADATA}, aws=Error("EntityAlreadyExists"), page=f"{API}/API_CreateSAMLProvider.html"),
            c("iam", "get_saml_provider", {"SAMLProviderArn": SAML}, aws=Has({"SAMLMetadataDocument": METADATA, "CreateDate": "<date>", "ValidUntil": "<date>", "Tags": tags("a", "b")}), page=f"{API}/API_GetSAMLProvider.html"),
            c("iam", "update_saml_provider", {"SAMLProviderArn": SAML, "SAMLMetadataDocument": METADATA + "\n", "AssertionEncryptionMode": "Allowed"}, aws=Has({"SAMLProviderArn": SAML}), page=f"{API}/API_UpdateSAMLProvider.html"),
            c("iam", "get_saml_provider", {"SAMLProviderArn": SAML}, aws=Has({"SAMLMetadataDocument": METADATA + "\n", "AssertionEncryptionMode": "Allowed"}), page=f"{API}/API_GetSAMLProvider.html"),
            c("iam", "tag_saml_provider", {"SAMLProviderArn": SAML, "Tags": tags("c")}, aws=Has({}), page=f"{API}/API_TagSAMLProvider.html"),
            c("iam", "untag_saml_provider", {"SAMLProviderArn": SAML, "TagKeys": ["a"]}, aws=Has({}), page=f"{API}/API_UntagSAMLProvider.html"),
            c("iam", "list_saml_provider_tags", {"SAMLProviderArn": SAML}, aws=Has({"Tags": tags("b", "c"), "IsTruncated": False}), page=f"{API}/API_ListSAMLProviderTags.html"),
            c("iam", "list_saml_providers", aws=Has({"SAMLProviderList": [{"Arn": SAML, "CreateDate": "<date>", "ValidUntil": "<date>"}]}), page=f"{API}/API_ListSAMLProviders.html"),
            c("iam", "delete_saml_provider", {"SAMLProviderArn": SAML}, aws=Has({}), page=f"{API}/API_DeleteSAMLProvider.html"),
            c("iam", "delete_saml_provider", {"SAMLProviderArn": SAML}, aws=Error("NoSuchEntity"), page=f"{API}/API_DeleteSAMLProvider.html"),
            c("iam", "get_saml_provider", {"SAMLProviderArn": SAML}, aws=Error("NoSuchEntity"), page=f"{API}/API_GetSAMLProvider.html"),
        ],
    ),
]
