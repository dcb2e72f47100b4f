# What bench/sizing/deployment.json says of each example, from which its README has its costs, is what the example makes.

run "consumer" {
  command = plan
  module { source = "./infra-terraform/examples/consumer" }
  assert {
    condition     = length(output.sluice.alarm_names) == jsondecode(file("bench/sizing/deployment.json")).examples.consumer.alarms
    error_message = "alarms of the example consumer: there are ${length(output.sluice.alarm_names)}"
  }
  assert {
    condition     = length(output.sluice.service_names) == jsondecode(file("bench/sizing/deployment.json")).examples.consumer.services
    error_message = "services of the example consumer: there are ${length(output.sluice.service_names)}"
  }
}

run "lambda" {
  command = plan
  module { source = "./infra-terraform/examples/lambda" }
  assert {
    condition     = length(output.sluice.alarm_names) == jsondecode(file("bench/sizing/deployment.json")).examples.lambda.alarms
    error_message = "alarms of the example lambda: there are ${length(output.sluice.alarm_names)}"
  }
}

run "managed" {
  command = plan
  module { source = "./infra-terraform/examples/managed" }
  assert {
    condition     = length(output.sluice.alarm_names) == jsondecode(file("bench/sizing/deployment.json")).examples.managed.alarms
    error_message = "alarms of the example managed: there are ${length(output.sluice.alarm_names)}"
  }
  assert {
    condition     = length(output.sluice.delivery_streams) == jsondecode(file("bench/sizing/deployment.json")).examples.managed.datasets
    error_message = "delivery streams of the example managed: there are ${length(output.sluice.delivery_streams)}"
  }
}

run "all" {
  command = plan
  module { source = "./infra-terraform/examples/all" }
  assert {
    condition     = length(output.sluice.alarm_names) == jsondecode(file("bench/sizing/deployment.json")).examples.all.alarms
    error_message = "alarms of the example all: there are ${length(output.sluice.alarm_names)}"
  }
}
