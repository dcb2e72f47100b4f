# The endpoint for hits of browsers: of the module collect. The function is that of `npm run build`.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  # The provider looks at what it is given for an ARN.
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:mock" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:collect" }
  }
  mock_resource "aws_apigatewayv2_api" {
    defaults = { api_endpoint = "https://a1b2.execute-api.us-east-1.amazonaws.com", execution_arn = "arn:aws:execute-api:us-east-1:123456789012:a1b2" }
  }
}

variables {
  name            = "sluice"
  functions_dir   = "dist/lambda"
  stream_name     = "hits"
  stream_arn      = "arn:aws:kinesis:us-east-1:123456789012:stream/hits"
  lake_bucket_arn = "arn:aws:s3:::lake"
  kms_key_arn     = "arn:aws:kms:us-east-1:123456789012:key/k"
}

run "endpoint" {
  command = apply
  module { source = "./infra-terraform/collect" }
  variables {
    allowed_origins     = ["https://shop.example", "https://www.shop.example"]
    requests_per_second = 50
    environment         = { SLUICE_PRIVACY = "drop" }
  }

  assert {
    condition     = toset([for each in aws_apigatewayv2_route.this : each.route_key]) == toset(["ANY /collect", "ANY /batch"]) && alltrue([for each in aws_apigatewayv2_route.this : each.target == "integrations/${aws_apigatewayv2_integration.this.id}"])
    error_message = "All methods of the two paths of hits must go to the function, which knows what to answer."
  }
  assert {
    condition     = aws_apigatewayv2_integration.this.payload_format_version == "2.0" && aws_apigatewayv2_integration.this.integration_uri == module.function.arn
    error_message = "The function reads the payload 2.0 alone."
  }
  assert {
    condition     = aws_apigatewayv2_stage.this.default_route_settings[0].throttling_rate_limit == 50 && aws_apigatewayv2_stage.this.default_route_settings[0].throttling_burst_limit == 100
    error_message = "There must be a bound on what others can make it cost."
  }
  assert {
    condition     = length(regexall("(?i)sourceip|useragent|identity|path|query|domain", aws_apigatewayv2_stage.this.access_log_settings[0].format)) == 0
    error_message = "The access log must say nothing of who asked."
  }
  assert {
    condition     = aws_lambda_permission.api.principal == "apigateway.amazonaws.com" && startswith(aws_lambda_permission.api.source_arn, aws_apigatewayv2_api.this.execution_arn)
    error_message = "This API alone may call the function."
  }
  assert {
    condition     = output.url == "https://a1b2.execute-api.us-east-1.amazonaws.com/collect"
    error_message = "It must be said where hits go."
  }
}

run "wrong_origin" {
  command = plan
  module { source = "./infra-terraform/collect" }
  variables {
    allowed_origins = ["shop.example"]
  }
  expect_failures = [var.allowed_origins]
}
