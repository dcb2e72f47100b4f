# Where tasks run.

run "no_network_where_nothing_needs_one" {
  command = plan
  module { source = "./infra-terraform/network" }

  assert {
    condition     = output.vpc_id == null && length(output.subnet_ids) == 0 && output.security_group_id == null
    error_message = "where nothing needs a network there must be none"
  }
}

run "no_network_where_one_is_needed" {
  command = plan
  module { source = "./infra-terraform/network" }
  variables { required_by = ["the consumer on Fargate"] }
  expect_failures = [output.vpc_id]
}

run "subnets_without_a_vpc" {
  command = plan
  module { source = "./infra-terraform/network" }
  variables {
    required_by = ["the consumer on Fargate"]
    subnet_ids  = ["subnet-0123456789abcdef0"]
  }
  expect_failures = [output.vpc_id]
}

run "both_at_once" {
  command = plan
  module { source = "./infra-terraform/network" }
  variables {
    create     = true
    vpc_id     = "vpc-0123456789abcdef0"
    subnet_ids = ["subnet-0123456789abcdef0"]
  }
  expect_failures = [output.subnet_ids]
}

run "ids_that_are_none" {
  command = plan
  module { source = "./infra-terraform/network" }
  variables {
    vpc_id     = "my-vpc"
    subnet_ids = ["a"]
    cidr       = "10.0.0.0/28"
    endpoints  = ["s3"]

    zone_letters = ["a", "a"]
  }
  expect_failures = [var.vpc_id, var.subnet_ids, var.cidr, var.endpoints, var.zone_letters]
}

run "one_that_is_there" {
  command = plan
  module { source = "./infra-terraform/network" }
  variables {
    required_by = ["the consumer on Fargate"]
    vpc_id      = "vpc-0123456789abcdef0"
    subnet_ids  = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  }

  assert {
    condition     = length(aws_vpc.this) == 0 && length(aws_vpc_endpoint.interface) == 0 && length(aws_vpc_endpoint.s3) == 0
    error_message = "a network that is there must be left as it is"
  }
  assert {
    condition     = aws_security_group.this[0].vpc_id == "vpc-0123456789abcdef0" && length(aws_security_group.this[0].ingress) == 0
    error_message = "the group must be of that VPC, and let nothing in"
  }
  assert {
    condition     = length(aws_vpc_security_group_egress_rule.named) == 1 && aws_vpc_security_group_egress_rule.named[0].from_port == 443 && aws_vpc_security_group_egress_rule.named[0].to_port == 443
    error_message = "TLS alone must get out"
  }
}

run "one_of_its_own" {
  command = apply
  module { source = "./infra-terraform/network" }
  variables {
    name        = "shop"
    create      = true
    required_by = ["the consumer on Fargate"]
    endpoints   = ["ecr.api", "ecr.dkr", "kinesis-streams", "logs"]
  }

  assert {
    condition     = length(aws_subnet.private) == 2 && alltrue([for each in aws_subnet.private : !each.map_public_ip_on_launch])
    error_message = "there must be two subnets, without public addresses"
  }
  assert {
    condition     = toset([for each in aws_subnet.private : each.availability_zone]) == toset(["us-east-1a", "us-east-1b"]) && length(distinct([for each in aws_subnet.private : each.cidr_block])) == 2
    error_message = "each subnet must have a zone and addresses of its own"
  }
  assert {
    condition     = aws_vpc_endpoint.s3[0].vpc_endpoint_type == "Gateway" && endswith(aws_vpc_endpoint.s3[0].service_name, ".s3")
    error_message = "S3 must be reached by a gateway, which costs nothing"
  }
  assert {
    condition     = toset([for each in aws_vpc_endpoint.interface : trimprefix(each.service_name, "com.amazonaws.us-east-1.")]) == toset(["ecr.api", "ecr.dkr", "kinesis-streams", "logs"]) && alltrue([for each in aws_vpc_endpoint.interface : each.private_dns_enabled])
    error_message = "there must be those endpoints that are named, by the names that tasks call"
  }
  assert {
    condition     = alltrue([for each in aws_vpc_security_group_egress_rule.own : each.from_port == 443 && each.to_port == 443 && each.cidr_ipv4 != "0.0.0.0/0"]) && length(aws_vpc_security_group_egress_rule.own) == 2
    error_message = "tasks must reach endpoints and S3 by TLS, and nothing else"
  }
  assert {
    condition     = length(aws_default_security_group.this) == 1 && length(aws_default_security_group.this[0].ingress) == 0 && length(aws_default_security_group.this[0].egress) == 0
    error_message = "the default group must be closed"
  }
}
