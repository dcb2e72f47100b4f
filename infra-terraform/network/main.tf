# Where tasks run: a VPC that is there, or one of its own without a way to the internet. Tasks listen to nobody, and speak TLS to AWS alone.

locals {
  is_named = var.vpc_id != null && length(var.subnet_ids) > 0
  is_there = var.create || local.is_named
  # AWS's policy for the service of EMR lets clusters into what is tagged so alone.
  emr_tag = { "for-use-with-amazon-emr-managed-policies" = "true" }
  # Two zones: one can be away, and a third would cost as much as either. Named, not asked for: a zone that AWS adds must not move subnets.
  zones = var.create ? { for index, letter in var.zone_letters : "${data.aws_region.current.region}${letter}" => index } : {}
}

# ---------------------------------------------------------------------------------------------------------------------
# A VPC of its own
# ---------------------------------------------------------------------------------------------------------------------

data "aws_region" "current" {}

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:Nothing listens here and nothing but AWS is reached, so that a log of its traffic costs more than it could tell; turn one on where a rule asks for it
  count = var.create ? 1 : 0

  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(var.tags, local.emr_tag, { Name = var.name })
}

# The group that everything gets that names none: closed.
resource "aws_default_security_group" "this" {
  count = var.create ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.tags, { Name = "${var.name}-unused" })
}

resource "aws_subnet" "private" {
  for_each = local.zones

  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = each.key
  cidr_block              = cidrsubnet(var.cidr, 4, each.value)
  map_public_ip_on_launch = false
  tags                    = merge(var.tags, local.emr_tag, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_route_table" "private" {
  count = var.create ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.tags, { Name = "${var.name}-private" })
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private[0].id
}

# Costs nothing, and carries nearly all the bytes: the lake, and the layers of images.
resource "aws_vpc_endpoint" "s3" {
  count = var.create ? 1 : 0

  vpc_id            = aws_vpc.this[0].id
  service_name      = "com.amazonaws.${data.aws_region.current.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private[0].id]
  tags              = merge(var.tags, { Name = "${var.name}-s3" })
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.create ? var.endpoints : []

  vpc_id              = aws_vpc.this[0].id
  service_name        = "com.amazonaws.${data.aws_region.current.region}.${each.value}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.endpoints[0].id]
  tags                = merge(var.tags, { Name = "${var.name}-${each.value}" })
}

resource "aws_security_group" "endpoints" {
  count = var.create && length(var.endpoints) > 0 ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "Endpoints of services of AWS: taken by what runs here."
  vpc_id      = aws_vpc.this[0].id
  tags        = merge(var.tags, { Name = "${var.name}-endpoints" })
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count = var.create && length(var.endpoints) > 0 ? 1 : 0

  security_group_id = aws_security_group.endpoints[0].id
  description       = "TLS from what runs here."
  cidr_ipv4         = var.cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

# ---------------------------------------------------------------------------------------------------------------------
# What tasks may reach
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5:What it is attached to is in other modules
  count = local.is_there ? 1 : 0

  name        = "${var.name}-tasks"
  description = "Tasks: nothing gets in, TLS alone gets out."
  vpc_id      = var.create ? aws_vpc.this[0].id : var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-tasks" })
}

# In a VPC of its own: the endpoints, and S3 behind its gateway.
resource "aws_vpc_security_group_egress_rule" "own" {
  for_each = var.create ? toset(["endpoints", "s3"]) : []

  security_group_id = aws_security_group.this[0].id
  description       = each.value == "s3" ? "TLS to S3." : "TLS to endpoints of AWS."
  cidr_ipv4         = each.value == "s3" ? null : var.cidr
  prefix_list_id    = each.value == "s3" ? aws_vpc_endpoint.s3[0].prefix_list_id : null
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

# Where the network is somebody else's, services of AWS may have any address.
resource "aws_vpc_security_group_egress_rule" "named" {
  count = !var.create && local.is_named ? 1 : 0

  security_group_id = aws_security_group.this[0].id
  description       = "TLS to services of AWS."
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}
