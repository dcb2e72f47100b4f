# What clusters of EMR need that come and go with jobs: the service's own role, and the profile of their machines.

locals {
  # AWS's policy for the service gives rights to what is tagged so alone: clusters by SLUICE_EMR_TAGS, the VPC and subnets by whoever made them.
  managed_policies_tag = { "for-use-with-amazon-emr-managed-policies" = "true" }
}

data "aws_iam_policy_document" "assume_service" {
  count = local.has_clusters ? 1 : 0

  statement {
    sid     = "Emr"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["elasticmapreduce.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${format(local.here, "elasticmapreduce")}:*"]
    }
  }
}

resource "aws_iam_role" "service" {
  count = local.has_clusters ? 1 : 0

  name               = "${var.name}-emr-service"
  description        = "What EMR makes and ends machines of clusters as."
  assume_role_policy = data.aws_iam_policy_document.assume_service[0].json
  tags               = merge(var.tags, { Name = "${var.name}-emr-service" })
}

resource "aws_iam_role_policy_attachment" "service" {
  count = local.has_clusters ? 1 : 0

  role = aws_iam_role.service[0].name
  # AWS keeps it in step with what EMR calls on EC2, which is no code of ours.
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"
}

data "aws_iam_policy_document" "pass_job" {
  count = local.has_clusters ? 1 : 0

  statement {
    sid       = "Machines"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.job[0].arn]
    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "pass_job" {
  count = local.has_clusters ? 1 : 0

  name   = "machines"
  role   = aws_iam_role.service[0].id
  policy = data.aws_iam_policy_document.pass_job[0].json
}

resource "aws_iam_instance_profile" "job" {
  count = local.has_clusters ? 1 : 0

  name = aws_iam_role.job[0].name
  role = aws_iam_role.job[0].name
  tags = merge(var.tags, { Name = aws_iam_role.job[0].name })
}
