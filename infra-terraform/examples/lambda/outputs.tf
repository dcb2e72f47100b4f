output "sluice" {
  description = "What was made, as the outputs of the configuration say."
  value       = module.sluice
}
