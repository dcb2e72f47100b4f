# The endpoint for events of browsers: an HTTP API in front of a function that puts hits into the stream, and answers when the stream has them.

data "aws_caller_identity" "current" {}

locals {
  environment = merge({
    SLUICE_STREAM  = var.stream_name
    SLUICE_ORIGINS = join(",", var.allowed_origins)
  }, var.environment)

  # What it answers for. The function knows the methods, and says which they are.
  routes = toset(["ANY /collect", "ANY /batch"])
}

module "function" {
  source = "../function"

  name                 = "collect"
  function_name        = var.function_name
  role_name            = "${var.name}-collect"
  description          = "Hits of browsers go into the stream; it answers when they are there."
  functions_dir        = var.functions_dir
  environment          = local.environment
  resources            = { stream = [var.stream_arn] }
  lake_bucket_arn      = var.lake_bucket_arn
  kms_key_arn          = var.kms_key_arn
  kms_actions          = ["kms:GenerateDataKey"]
  timeout              = 10
  memory_size          = var.memory
  reserved_concurrency = var.reserved_concurrency
  log_retention_days   = var.log_retention_days
  tags                 = var.tags
}

resource "aws_apigatewayv2_api" "this" {
  name          = "${var.name}-collect"
  description   = "Takes hits of browsers."
  protocol_type = "HTTP"
  tags          = merge(var.tags, { Name = "${var.name}-collect" })
}

resource "aws_apigatewayv2_integration" "this" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = module.function.arn
  payload_format_version = "2.0"
  # Longer than the function may take: who waits is told what became of it.
  timeout_milliseconds = 15000
}

resource "aws_apigatewayv2_route" "this" {
  #checkov:skip=CKV_AWS_309:Browsers of anybody send hits; who must be known gives a key, which the function looks at
  for_each = local.routes

  api_id    = aws_apigatewayv2_api.this.id
  route_key = each.key
  target    = "integrations/${aws_apigatewayv2_integration.this.id}"
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/apigateway/${var.name}-collect"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = merge(var.tags, { Name = "/aws/apigateway/${var.name}-collect" })
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true
  tags        = merge(var.tags, { Name = "${var.name}-collect" })

  # A bound on what others can make this cost.
  default_route_settings {
    throttling_rate_limit  = var.requests_per_second
    throttling_burst_limit = 2 * var.requests_per_second
  }

  # Nothing of who asked: no address, no agent, no query.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      requestId   = "$context.requestId"
      time        = "$context.requestTimeEpoch"
      route       = "$context.routeKey"
      status      = "$context.status"
      bytes       = "$context.responseLength"
      latency     = "$context.responseLatency"
      integration = "$context.integrationErrorMessage"
    })
  }
}

resource "aws_lambda_permission" "api" {
  statement_id   = "collect"
  action         = "lambda:InvokeFunction"
  function_name  = module.function.name
  principal      = "apigateway.amazonaws.com"
  source_arn     = "${aws_apigatewayv2_api.this.execution_arn}/*/*"
  source_account = data.aws_caller_identity.current.account_id
}
