import { boolean, document, integer, json, list, text, timestamp } from "../../src/contract/field.ts"
import { cents } from "./money.ts"

export const cancellationData = document("The cancellation.", {
  cancellationRequestId: text("Id of the request that led to it."),
  cancellationDate: timestamp("When the order was cancelled."),
  reason: text("Why, in the words of who cancelled."),
  requestedByUser: boolean("Did the customer ask for it?"),
  requestedBySystem: boolean("Did the platform ask for it?"),
  requestedBySellerNotification: boolean("Did the seller ask for it?"),
  requestedByPaymentNotification: boolean("Did the payment gateway ask for it?")
})

export const cancellationRequests = list(
  "Requests to cancel.",
  document("One request.", {
    id: text("Id of the request."),
    reason: text("Why, in the words of who asked."),
    cancellationRequestDate: timestamp("When it was asked."),
    requestedByUser: boolean("Did the customer ask?"),
    deniedBySeller: boolean("Did the seller refuse?"),
    deniedBySellerReason: text("Why the seller refused."),
    cancellationRequestDenyDate: timestamp("When the seller refused.")
  })
)

export const receiptData = document("Receipts of what happened to the order.", {
  receiptCollection: list(
    "One entry by event.",
    document("One receipt.", {
      receiptType: text("What happened: `authorizePayment`, `cancelPayment`, …"),
      date: timestamp("When.")
    })
  )
})

export const subscriptionData = document("The subscription that the order belongs to.", {
  subscriptionGroupId: text("Id of the group of subscriptions."),
  subscriptions: list(
    "Subscriptions in this order.",
    document("One subscription.", {
      itemIndex: integer("Position of the item in `items`, from 0."),
      executionCount: integer("How many orders it has made."),
      priceAtSubscriptionDate: cents("Price when it was subscribed."),
      plan: document("What was agreed.", {
        type: text("Kind of plan, e.g. `RECURRING_PAYMENT`."),
        frequency: document("How often.", {
          interval: integer("Every so many periods."),
          periodicity: text("`DAILY`, `WEEKLY`, `MONTHLY` or `YEARLY`, in the platform's spellings.")
        }),
        validity: document("From when until when.", {
          begin: timestamp("First day."),
          end: timestamp("Last day.")
        })
      })
    })
  )
})

const allowedActions = document("What may be done in this step.", {
  type: text("Action, e.g. `cancel`, `invoice`.")
})

/** Every step that the order went through, and when. */
const timeLine = (description: string) =>
  list(
    description,
    document("One step.", {
      stepName: text("Name of the step: `payment-approved`, …"),
      parentStepName: text("Step that it is part of."),
      date: timestamp("When the order entered it.")
    })
  )

export const workflowData = document("Where the order stands in its workflow.", {
  mainFlowIndex: integer("Position of the main workflow in `instances`, from 0."),
  instances: list(
    "Workflows of the order.",
    document("One workflow.", {
      id: text("Id of the workflow."),
      name: text("Name of the workflow: `Marketplace`, `Fulfillment`."),
      owner: text("Who runs it."),
      version: text("Version of its definition."),
      creationDate: timestamp("When it began."),
      lastChange: timestamp("When it last moved."),
      currentLogicalStep: text("Step that the order is in, without technical ones."),
      currentStepName: text("Step that the order is in."),
      currentStepDescription: text("The same for people."),
      isInError: boolean("Is it stuck in an error?"),
      isInAutomaticRetry: boolean("Does the platform try again?"),
      timeLine: timeLine("Steps that the order went through."),
      logicTimeLine: timeLine("Steps that the order went through, without technical ones."),
      steps: list(
        "All steps of the workflow.",
        document("One step.", {
          name: text("Name of the step."),
          start: boolean("Does the workflow begin here?"),
          systemWillMove: boolean("Does the platform move the order on?"),
          actionsAllowed: allowedActions,
          next: list(
            "Steps that may follow.",
            document("One step that may follow.", {
              name: text("Name of the step."),
              isAnEnd: boolean("Does the workflow end here?"),
              expectFlow: boolean("Is it the usual way?"),
              systemWillMove: boolean("Does the platform move the order on?"),
              actionsAllowed: allowedActions,
              next: json("Steps after that.")
            })
          )
        })
      )
    })
  )
})
