# Terraform's own rules, all of them. The rules of AWS are another plugin, which is downloaded: what they know is in test/terraform/rules.ts.
tflint {
  required_version = ">= 0.64"
}

# Each module is looked at by itself. From their callers they would be evaluated, and read what is built first.
config {
  call_module_type = "none"
}

plugin "terraform" {
  enabled = true
  preset  = "all"
}
