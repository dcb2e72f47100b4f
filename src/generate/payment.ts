import { type Random, weighted } from "../record/seeded.ts"
import type { Status } from "./life.ts"
import { address, type Json } from "./shipping.ts"
import type { Shop } from "./world.ts"

interface Means {
  readonly system: string
  readonly name: string
  readonly group: "creditCard" | "instantPayment" | "bankInvoice" | "giftCard"
}

const means = weighted<Means>([
  [{ system: "2", name: "Visa", group: "creditCard" }, 30],
  [{ system: "4", name: "Mastercard", group: "creditCard" }, 30],
  [{ system: "125", name: "Pix", group: "instantPayment" }, 28],
  [{ system: "6", name: "Boleto Bancário", group: "bankInvoice" }, 9],
  [{ system: "16", name: "Vale", group: "giftCard" }, 3]
])

const isPaid = (status: Status): boolean => status !== "order-created" && status !== "payment-pending"

/** One payment as the gateway tells it, once it has been approved with what the acquirer answered. */
const payment = (random: Random, shop: Shop, value: number, status: Status): Json => {
  const { system, name, group } = means(random)
  const card = group === "creditCard"
  const slip = group === "bankInvoice"
  const id = random.hex(16).toUpperCase()
  const tid = random.digits(11)
  const answer = {
    authId: random.digits(6),
    Tid: tid,
    ReturnCode: "200",
    Message: "Transação aprovada",
    acquirer: `Adyen${name}_BR_${random.digits(5)}`,
    nsu: random.digits(12)
  }
  const installments = card ? random.between(1, 10) : 1
  const digits = [random.digits(6), random.digits(4)] as const
  return {
    id,
    paymentSystem: random.chance(0.1) ? Number(system) : system,
    paymentSystemName: name,
    value,
    installments,
    referenceValue: value,
    cardHolder: null,
    cardNumber: null,
    firstDigits: card ? digits[0] : null,
    lastDigits: card ? digits[1] : null,
    cvv2: null,
    expireMonth: null,
    expireYear: null,
    url: slip ? `https://${shop.hostname}.vtexpayments.com.br:443/BankIssuedInvoice/Transaction/${id}` : null,
    giftCardId: null,
    giftCardName: null,
    giftCardCaption: null,
    redemptionCode: group === "giftCard" ? `GIFT-${random.digits(8)}` : null,
    group,
    tid: isPaid(status) ? tid : null,
    dueDate: slip ? "2026-12-01" : null,
    connectorResponses: isPaid(status) ? answer : {},
    giftCardProvider: null,
    giftCardAsDiscount: null,
    koinUrl: null,
    accountId: card ? random.hex(16).toUpperCase() : null,
    parentAccountId: null,
    bankIssuedInvoiceIdentificationNumber: slip ? random.digits(44) : null,
    bankIssuedInvoiceIdentificationNumberFormatted: slip
      ? `${random.digits(5)}.${random.digits(5)} ${random.digits(5)}.${random.digits(6)}`
      : null,
    bankIssuedInvoiceBarCodeNumber: slip ? random.digits(44) : null,
    bankIssuedInvoiceBarCodeType: slip ? "i25" : null,
    billingAddress: card && random.chance(0.6) ? address(random, shop, random.pick(shop.country.places), null, "residential") : null,
    paymentOrigin: null
  }
}

/** How an order is paid: by one means, seldom by two; the same told as payments and as transactions. */
export const paymentOf = (random: Random, shop: Shop, value: number, status: Status): Json => {
  const second = random.chance(0.05) ? Math.floor(value / 3) : 0
  const transactionId = random.hex(16).toUpperCase()
  const payments = [payment(random, shop, value - second, status)]
  if (second > 0) payments.push(payment(random, shop, second, status))
  return {
    attachmentId: "paymentData",
    transactionId,
    merchantName: shop.hostname.toUpperCase(),
    payments: payments.map((p) => ({
      paymentSystem: p["paymentSystem"],
      paymentSystemName: p["paymentSystemName"],
      group: p["group"],
      value: p["value"],
      installments: p["installments"],
      referenceValue: p["referenceValue"],
      accountId: p["accountId"],
      bin: p["firstDigits"],
      tokenId: null,
      giftCardRedemptionCode: p["redemptionCode"],
      giftCardProvider: null,
      giftCardId: null
    })),
    giftCards: [],
    transactions: [
      { isActive: true, transactionId, merchantName: shop.hostname.toUpperCase(), payments, sharedTransaction: false, status: null }
    ]
  }
}
