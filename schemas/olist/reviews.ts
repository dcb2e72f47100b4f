import { date, defineContract, type FieldOptions, integer, latest, text, timestamp } from "../../src/contract/index.ts"
import { about, filesOf, local } from "./about.ts"

/** People write into comments what they like, and some sign with their name: what they say is not stored. The score is what reports are made of. */
const comment: FieldOptions = { sensitive: "drop" }

/** What customers thought of their orders. */
export const reviews = defineContract({
  ...about,
  name: "reviews",
  title: "Reviews of orders",
  description: "What customers answered when they were asked about an order.",
  sensitivity: "personal",
  arrives: filesOf("olist_order_reviews_dataset"),
  fields: {
    reviewId: text("Id of the review."),
    orderId: text("Order."),
    reviewScore: integer("From 1, bad, to 5, good."),
    reviewCommentTitle: text("Title of the comment.", comment),
    reviewCommentMessage: text("The comment, often of several lines.", comment),
    reviewCreationDate: date("Day on which the customer was asked."),
    reviewAnswerTimestamp: timestamp("When the customer answered.", local)
  },
  // Neither id is a key: one review may be of several orders, and one order may have several reviews.
  table: latest({ key: ["reviewId", "orderId"], by: "none" }),
  eventTime: { field: "reviewAnswerTimestamp" },
  expectations: [
    {
      name: "score-from-1-to-5",
      description: "The score is one that can be given.",
      column: "review_score",
      reads: ["review_score"],
      severity: "warn",
      holds: ({ review_score }) => typeof review_score !== "number" || (review_score >= 1 && review_score <= 5)
    }
  ],
  domain: "service",
  tags: { entity: "review" }
})
