# Terraform's own rules, all of them. The rules of AWS are another plugin, which is downloaded: what they know is in test/terraform/rules.ts.
tflint {
  required_version = ">= 0.64"
}

config {
  call_module_type = "local"
}

plugin "terraform" {
  enabled = true
  preset  = "all"
}
