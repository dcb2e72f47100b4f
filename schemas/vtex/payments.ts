import { boolean, document, integer, json, list, text } from "../../src/contract/field.ts"
import { personAddress } from "./address.ts"
import { cents } from "./money.ts"
import { dropped, hashed } from "./policies.ts"

/** What a payment is wherever an order names one. */
const paymentFields = {
  id: text("Id of the payment."),
  paymentSystem: text("Id of the means of payment in the shop."),
  paymentSystemName: text("Means of payment: `Visa`, `Pix`, `Boleto Bancário`, …"),
  group: text("Kind of means: `creditCard`, `instantPayment`, `bankInvoice`, `giftCard`, …"),
  value: cents("Amount to pay, interest included."),
  referenceValue: cents("Amount that interest is computed from."),
  installments: integer("In how many installments."),
  accountId: text("Id of a stored card in the customer's profile.", hashed),
  tokenId: text("Token that stands for the card.", dropped),
  bin: text("First digits of the card.", dropped),
  giftCardId: text("Id of the gift card.", hashed),
  giftCardProvider: text("Who issued the gift card."),
  giftCardRedemptionCode: text("Code that redeems the gift card.", dropped)
}

const gatewayPayment = document("One payment, as the gateway tells it.", {
  ...paymentFields,
  tid: text("Id of the transaction at the acquirer."),
  dueDate: text("Due date of a bank slip, as the means of payment writes it."),
  paymentOrigin: text("Where the payment was made, if elsewhere."),
  parentAccountId: text("Id of the stored card that this one comes from.", hashed),
  firstDigits: text("First digits of the card.", dropped),
  lastDigits: text("Last digits of the card.", dropped),
  cardNumber: text("Number of the card.", dropped),
  cardHolder: text("Name on the card.", dropped),
  cvv2: text("Security code of the card.", dropped),
  expireMonth: text("Month in which the card expires.", dropped),
  expireYear: text("Year in which the card expires.", dropped),
  billingAddress: personAddress("Address that the bill goes to."),
  giftCardName: text("Name of the gift card."),
  giftCardCaption: text("Text on the gift card.", dropped),
  giftCardAsDiscount: boolean("Does the gift card count as a discount?"),
  isGiftCardDiscount: boolean("Does the gift card count as a discount? Spelling of the order document."),
  redemptionCode: text("Code that redeems the gift card.", dropped),
  url: text("Where the customer pays.", dropped),
  koinUrl: text("Where the customer pays with Koin.", dropped),
  bankIssuedInvoiceBarCodeNumber: text("Bar code of the bank slip.", dropped),
  bankIssuedInvoiceBarCodeType: text("Kind of bar code of the bank slip."),
  bankIssuedInvoiceIdentificationNumber: text("Number of the bank slip.", dropped),
  bankIssuedInvoiceIdentificationNumberFormatted: text("Number of the bank slip, for people.", dropped)
})

const giftCards = list(
  "Gift cards that the customer could use.",
  document("One gift card.", {
    id: text("Id of the gift card.", hashed),
    name: text("Name of the gift card."),
    caption: text("Text on the gift card.", dropped),
    redemptionCode: text("Code that redeems it.", dropped),
    provider: text("Who issued it."),
    balance: cents("What is left on it."),
    value: cents("What is used of it."),
    inUse: boolean("Does it pay for this order?"),
    isSpecialCard: boolean("Is it a loyalty card?")
  })
)

export const paymentData = document("How the order is paid.", {
  transactionId: text("Id of the transaction in the payment gateway."),
  merchantName: text("Account that receives the payment."),
  payments: list("What pays for the order.", document("One means of payment and what it pays.", paymentFields)),
  transactions: list(
    "The same by transaction, with what the payment gateway adds.",
    document("One transaction.", {
      transactionId: text("Id of the transaction in the payment gateway."),
      merchantName: text("Account that receives the payment."),
      isActive: boolean("Is it the transaction that counts?"),
      sharedTransaction: boolean("Do several orders share it?"),
      status: text("State of the transaction."),
      payments: list("What pays in this transaction.", gatewayPayment)
    })
  ),
  giftCards
})

export const invoiceData = document("Who the invoice is made out to.", {
  address: personAddress("Address on the invoice."),
  invoiceSubject: text("Name on the invoice.", hashed),
  settleInvoices: boolean("Is the payment settled with each invoice?"),
  userPaymentInfo: json("Payment methods of the customer, as the shop states them.", dropped)
})
