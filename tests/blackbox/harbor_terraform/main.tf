# Everything of Harbor's provider that Entrepot serves; `changed` is the second apply.
terraform {
  required_providers {
    harbor = { source = "goharbor/harbor" }
  }
}

variable "url" { type = string }
variable "password" {
  type      = string
  sensitive = true
}
variable "changed" {
  type    = bool
  default = false
}

provider "harbor" {
  url      = var.url
  username = "admin"
  password = var.password
}

resource "harbor_project" "shop" {
  name                   = "tf-shop"
  public                 = var.changed
  vulnerability_scanning = !var.changed
  deployment_security    = var.changed ? "high" : null
  auto_sbom_generation   = var.changed
  storage_quota          = var.changed ? 20 : 10
  cve_allowlist          = var.changed ? ["CVE-2024-0001", "CVE-2023-0002"] : []
  force_destroy          = true
}

resource "harbor_project" "plain" {
  name = "tf-plain"
}

resource "harbor_user" "ada" {
  username  = "tf-ada"
  password  = var.changed ? "Second-Made4Tests" : "First-Made4Tests"
  full_name = var.changed ? "Ada King" : "Ada Byron"
  email     = var.changed ? "ada@example.org" : "ada@example.com"
  admin     = var.changed
}

resource "harbor_group" "developers" {
  group_name = "tf-developers"
  group_type = 3
}

resource "harbor_project_member_user" "ada" {
  project_id = harbor_project.shop.id
  user_name  = harbor_user.ada.username
  role       = var.changed ? "projectadmin" : "developer"
}

resource "harbor_project_member_group" "developers" {
  project_id = harbor_project.shop.id
  group_name = harbor_group.developers.group_name
  role       = var.changed ? "guest" : "maintainer"
  type       = "oidc"
}

resource "harbor_robot_account" "system" {
  name        = "tf-system"
  description = var.changed ? "pulls and pushes" : "pulls"
  level       = "system"
  duration    = var.changed ? 60 : 30
  permissions {
    kind      = "project"
    namespace = "*"
    access {
      action   = "pull"
      resource = "repository"
    }
    dynamic "access" {
      for_each = var.changed ? ["push"] : []
      content {
        action   = access.value
        resource = "repository"
      }
    }
  }
}

resource "harbor_robot_account" "project" {
  name    = "tf-build"
  level   = "project"
  secret  = var.changed ? "Second-Made4Tests" : "First-Made4Tests"
  disable = var.changed
  permissions {
    kind      = "project"
    namespace = harbor_project.shop.name
    access {
      action   = "push"
      resource = "repository"
    }
    access {
      action   = "pull"
      resource = "repository"
    }
    access {
      action   = "list"
      resource = "tag"
    }
    access {
      action   = "delete"
      resource = "artifact"
    }
  }
}

resource "harbor_label" "everywhere" {
  name        = var.changed ? "tf-global-2" : "tf-global"
  description = var.changed ? "second" : "first"
  color       = "#FF0000"
}

resource "harbor_label" "shop" {
  name       = "tf-label"
  project_id = harbor_project.shop.id
}

resource "harbor_retention_policy" "shop" {
  scope    = harbor_project.shop.id
  schedule = var.changed ? "0 30 3 * * *" : "Daily"
  rule {
    n_days_since_last_pull = var.changed ? 7 : 5
    repo_matching          = "**"
    tag_matching           = "latest"
  }
  rule {
    disabled             = var.changed
    most_recently_pushed = 10
    repo_excluding       = "old/**"
    tag_excluding        = "*-beta"
    untagged_artifacts   = false
  }
  dynamic "rule" {
    for_each = var.changed ? [1] : []
    content {
      always_retain = true
      repo_matching = "kept"
      tag_matching  = "v*"
    }
  }
}

resource "harbor_immutable_tag_rule" "releases" {
  project_id    = harbor_project.shop.id
  repo_matching = "**"
  tag_matching  = var.changed ? "v*" : "v1.*"
  disabled      = var.changed
}

resource "harbor_immutable_tag_rule" "others" {
  project_id    = harbor_project.shop.id
  repo_matching = "base/**"
  tag_excluding = "nightly*"
}

resource "harbor_project_webhook" "shop" {
  name             = "tf-hook"
  project_id       = harbor_project.shop.id
  address          = var.changed ? "https://hooks.example.org/b" : "https://hooks.example.org/a"
  description      = var.changed ? "second" : "first"
  enabled          = !var.changed
  events_types     = var.changed ? ["PUSH_ARTIFACT", "DELETE_ARTIFACT"] : ["PUSH_ARTIFACT"]
  notify_type      = "http"
  auth_header      = "Bearer made-for-tests"
  skip_cert_verify = false

  # It is not told again.
  lifecycle {
    ignore_changes = [auth_header]
  }
}

resource "harbor_registry" "hub" {
  provider_name = "docker-hub"
  name          = var.changed ? "tf-hub-2" : "tf-hub"
  endpoint_url  = "https://hub.docker.com"
  description   = var.changed ? "second" : "first"
}

resource "harbor_registry" "other" {
  provider_name = "docker-registry"
  name          = "tf-other"
  endpoint_url  = var.changed ? "https://registry.example.org:8443" : "https://registry.example.org"
  access_id     = "reader"
  access_secret = var.changed ? "Second-Made4Tests" : "First-Made4Tests"
  insecure      = var.changed
}

resource "harbor_replication" "pull" {
  name           = "tf-pull"
  action         = "pull"
  registry_id    = harbor_registry.hub.registry_id
  schedule       = var.changed ? "0 0 4 * * *" : "manual"
  dest_namespace = harbor_project.plain.name
  enabled        = !var.changed
  override       = !var.changed
  filters {
    name = "library/**"
  }
  filters {
    tag        = var.changed ? "v2*" : "v1*"
    decoration = "matches"
  }
}

resource "harbor_replication" "push" {
  name        = "tf-push"
  action      = "push"
  registry_id = harbor_registry.other.registry_id
  schedule    = "event_based"
  deletion    = var.changed
  filters {
    resource = "image"
  }
}

resource "harbor_garbage_collection" "daily" {
  schedule        = var.changed ? "0 15 2 * * *" : "Daily"
  delete_untagged = var.changed
  workers         = 1
}

resource "harbor_purge_audit_log" "weekly" {
  schedule             = var.changed ? "Daily" : "Weekly"
  audit_retention_hour = var.changed ? 48 : 24
  include_event_types  = var.changed ? "create_artifact" : "create_artifact,pull_artifact"
}

resource "harbor_config_system" "main" {
  project_creation_restriction = var.changed ? "adminonly" : "everyone"
  storage_per_project          = var.changed ? 100 : -1
  # Fixed while the server runs: said as they are.
  robot_token_expiration = -1
  token_expiration       = 5
  session_timeout        = 30
  banner_message {
    message  = var.changed ? "Maintenance on Sunday" : "Welcome"
    type     = "warning"
    closable = true
  }
}

resource "harbor_config_security" "main" {
  cve_allowlist = var.changed ? ["CVE-2024-0001"] : ["CVE-2024-0001", "CVE-2023-0002"]
}

data "harbor_projects" "mine" {
  name       = "^tf-"
  depends_on = [harbor_project.plain, harbor_project.shop]
}

data "harbor_users" "ada" {
  username   = "tf-ada"
  depends_on = [harbor_user.ada]
}

data "harbor_registry" "hub" {
  name = harbor_registry.hub.name
}

data "harbor_robot_accounts" "all" {
  depends_on = [harbor_robot_account.system, harbor_robot_account.project]
}

data "harbor_groups" "all" {
  depends_on = [harbor_group.developers]
}

data "harbor_project_member_users" "shop" {
  project_id = harbor_project.shop.id
  depends_on = [harbor_project_member_user.ada]
}

data "harbor_project_member_groups" "shop" {
  project_id = harbor_project.shop.id
  depends_on = [harbor_project_member_group.developers]
}

output "seen" {
  value = {
    projects = [for each in data.harbor_projects.mine.projects : each.name]
    users    = [for each in data.harbor_users.ada.users : each.username]
    groups   = [for each in data.harbor_groups.all.groups : each.group_name]
    robots   = length(data.harbor_robot_accounts.all.robot_accounts)
    registry = data.harbor_registry.hub.url
  }
}
