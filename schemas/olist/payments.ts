import { decimal, defineContract, integer, latest, text } from "../../src/contract/index.ts"
import { about, filesOf } from "./about.ts"
import { notNegative } from "./expectations.ts"

/** How orders were paid. */
export const payments = defineContract({
  ...about,
  name: "payments",
  title: "Payments of orders",
  description: "Every payment of every order: an order may be paid by card and several vouchers. They say no time.",
  sensitivity: "internal",
  arrives: filesOf("olist_order_payments_dataset"),
  fields: {
    orderId: text("Order."),
    paymentSequential: integer("Number of the payment in its order, from 1."),
    paymentType: text("`credit_card`, `debit_card`, `boleto`, `voucher` or `not_defined`."),
    paymentInstallments: integer("Instalments that the customer chose."),
    paymentValue: decimal(12, 2, "What was paid, in reais. With interest it is more than items and freight.")
  },
  // An order has several: its id alone would keep one of them.
  table: latest({ key: ["orderId", "paymentSequential"], by: "none" }),
  expectations: [notNegative("payment_value")],
  domain: "sales",
  tags: { entity: "payment" }
})
