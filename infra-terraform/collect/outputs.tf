output "url" {
  description = "Where pages send hits to: POST, or GET for a picture."
  value       = "${aws_apigatewayv2_api.this.api_endpoint}/collect"
}

output "api_id" {
  description = "The API, as its metrics name it."
  value       = aws_apigatewayv2_api.this.id
}

output "function" {
  description = "The function, as the other functions are told of."
  value = {
    name      = module.function.name
    arn       = module.function.arn
    role_arn  = module.function.role_arn
    log_group = module.function.log_group
  }
}
