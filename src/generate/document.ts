import { Random } from "../record/seeded.ts"
import { itemOf, linesOf, metadataOf, type Promotion } from "./items.ts"
import { instant, type Life, type Status } from "./life.ts"
import { paymentOf } from "./payment.ts"
import { fullName, type Json, shippingOf } from "./shipping.ts"
import { agents, type Country, campaigns } from "./words.ts"
import type { Shop, World } from "./world.ts"

/** One version of an order as a document, and what a ledger needs to know of it. */
export interface OrderVersion {
  readonly document: Json
  readonly orderId: string
  /** Milliseconds since 1970. */
  readonly lastChange: number
  /** Cents. */
  readonly value: number
}

const statusText: { readonly [status in Status]: string } = {
  "order-created": "Pedido criado",
  "payment-pending": "Pagamento Pendente",
  "payment-approved": "Pagamento Aprovado",
  handling: "Preparando Entrega",
  invoiced: "Faturado",
  canceled: "Cancelado"
}

/** A person's e-mail address: the name in plain letters, unique by the order's index. */
const mailbox = (name: string, index: number, host: string): string =>
  `${name
    .normalize("NFD")
    .replace(/[^A-Za-z ]/g, "")
    .trim()
    .replaceAll(" ", ".")
    .toLowerCase()}${index}@${host}`

/**
 * A version of an order. Everything about an order is drawn again, in the same sequence, for each of its versions, so that nothing has to
 * be kept between them; what a version adds depends on its state alone.
 */
export const orderVersion = (seed: number, world: World, life: Life, version: number): OrderVersion => {
  const random = new Random(seed, 2, life.index)
  const steps = life.steps.slice(0, version + 1)
  const now = steps.at(-1) ?? { status: "order-created" as const, at: life.createdAt, beyond: life.createdBeyond }
  const status = now.status
  const shop = world.shop(random)
  const { country } = shop
  const orderGroup = `v${life.sequence}${shop.hostname.slice(4, 8)}`
  const orderId = `${orderGroup}-01`
  const creationDate = instant(life.createdAt, life.createdBeyond)
  const lastChange = instant(now.at, now.beyond, random.chance(0.5) ? "+00:00" : "Z")
  const customer = fullName(random)
  const userId = random.uuid()

  const promotion: Promotion | null = random.chance(0.4)
    ? { id: random.uuid(), name: `${random.between(5, 60)}%_W48_27-11-2026`, percent: random.between(5, 60) }
    : null
  const lines = linesOf(random, world, shop, promotion)
  const shipping = shippingOf(random, shop, customer, lines, life.createdAt)
  const itemsTotal = lines.reduce((sum, line) => sum + line.sellingPrice * line.quantity, 0)
  const value = itemsTotal + shipping.price
  const approved = steps.find((step) => step.status === "payment-approved")
  const invoiced = status === "invoiced"
  const canceled = status === "canceled"

  const document: Json = {
    orderId,
    orderGroup,
    state: status === "order-created" ? "order-created" : null,
    isCheckedIn: false,
    sellerOrderId: `00-${orderId}`,
    storeId: "1",
    checkedInPickupPointId: null,
    value,
    items: lines.map((line) => itemOf(random, shop, line, promotion, status !== "order-created")),
    sellers: shop.sellers
      .filter((seller) => lines.some((line) => line.seller === seller.id))
      .map((seller) => ({ ...seller, logo: "", subSellerId: seller.id, fulfillmentEndpoint: null })),
    totals: totals(itemsTotal, shipping.price),
    clientProfileData: client(random, customer, life.index, userId),
    ...(random.chance(0.1) ? {} : { ratesAndBenefitsData: benefits(random, promotion) }),
    shippingData: shipping.data,
    paymentData: paymentOf(random, shop, value, status),
    clientPreferencesData: random.chance(0.3)
      ? null
      : { locale: country.locale, optinNewsLetter: random.chance(0.4), attachmentId: "clientPreferencesData" },
    commercialConditionData: null,
    giftRegistryData: random.chance(0.98)
      ? null
      : {
          description: `Casamento de ${fullName(random)}`,
          giftRegistryId: random.digits(4),
          giftRegistryType: "9",
          giftRegistryTypeName: "Lista de casamento",
          addressId: random.hex(16),
          attachmentId: "giftRegistryData"
        },
    marketingData: marketing(random),
    storePreferencesData: preferences(country),
    openTextField: random.chance(0.9) ? null : { value: `Ligar antes: ${customer}\n"urgente"`, attachmentId: "openTextField" },
    invoiceData: random.chance(0.6)
      ? null
      : { address: null, invoiceSubject: null, settleInvoices: null, userPaymentInfo: { paymentMethods: [] } },
    // Now and then the block is there without its items.
    ...(random.chance(0.05)
      ? {}
      : { itemMetadata: random.chance(0.02) ? {} : { items: lines.map((line) => metadataOf(random, shop, line)) } }),
    taxData: null,
    customData: custom(random, shop),
    hooksData: null,
    changeData: null,
    subscriptionData: null,
    salesChannel: String(random.between(1, 4)),
    followUpEmail: `${random.hex(16)}@ct.vtex.com.br`,
    creationDate,
    lastChange,
    timeZoneCreationDate: local(life.createdAt, life.createdBeyond, country),
    timeZoneLastChange: local(now.at, now.beyond, country),
    isCompleted: status !== "order-created",
    hostname: shop.hostname,
    merchantName: null,
    userType: null,
    roundingError: 0,
    allowEdition: false,
    allowCancellation: !invoiced && !canceled,
    isUserDataVisible: true,
    allowChangeSeller: false,
    orderFormCreationDate: instant(life.createdAt - random.between(20_000, 3_000_000), random.below(10_000)),
    orderFormId: random.hex(16),
    sequence: String(life.sequence),
    origin: random.chance(0.9) ? "Marketplace" : "Fulfillment",
    affiliateId: random.chance(0.9) ? "" : random.pick(["GHB", "MNC", "SCP"]),
    status,
    statusDescription: statusText[status],
    contextData: {
      loggedIn: random.chance(0.5),
      hasAccessToOrderFormEnabledByLicenseManager: false,
      userAgent: random.pick(agents),
      userId
    },
    callCenterOperatorData: random.chance(0.99)
      ? null
      : { id: "CallCenterOperatorAttachment", email: `operador${random.digits(3)}@example.com`, userName: `op.${random.digits(3)}` },
    marketplaceItems: [],
    creationEnvironment: "STABLE",
    appVersion: "1.130.7-api",
    documentVersion: "2.1.5",
    workflowData: workflow(random, life, steps)
  }

  if (approved !== undefined) {
    const authorizedDate = instant(approved.at, approved.beyond)
    document["authorizedDate"] = authorizedDate
    document["receiptData"] = { receiptCollection: [{ receiptType: "authorizePayment", date: authorizedDate }] }
  }
  if (invoiced) {
    document["invoicedDate"] = lastChange
    document["packageAttachment"] = invoice(random, lines.length, value, lastChange)
  }
  if (canceled) {
    document["cancelReason"] = 'O cliente desistiu: "achei mais barato"'
    document["canceledBy"] = mailbox(customer, life.index, "example.com")
    document["cancellationData"] = {
      RequestedByUser: true,
      RequestedBySystem: false,
      RequestedBySellerNotification: false,
      RequestedByPaymentNotification: false,
      Reason: "O cliente desistiu",
      CancellationDate: lastChange
    }
  }
  return { document, orderId, lastChange: now.at, value }
}

const totals = (items: number, shipping: number): ReadonlyArray<Json> => [
  { id: "Items", name: "Total dos Itens", value: items },
  { id: "Discounts", name: "Total dos Descontos", value: 0 },
  { id: "Shipping", name: "Total do Frete", value: shipping, alternativeTotals: null },
  { id: "Tax", name: "Total da Taxa", value: 0 }
]

const client = (random: Random, name: string, index: number, userId: string): Json => {
  const [firstName = name, ...rest] = name.split(" ")
  const isCorporate = random.chance(0.04)
  return {
    attachmentId: "clientProfileData",
    email: mailbox(name, index, random.pick(["example.com", "example.org", "correio.example"])),
    firstName,
    lastName: rest.join(" "),
    document: random.digits(11),
    documentType: "cpf",
    phone: `+55${random.digits(11)}`,
    corporateName: isCorporate ? `${name} & Filhos Ltda.` : null,
    tradeName: null,
    corporateDocument: isCorporate ? random.digits(14) : null,
    stateInscription: isCorporate ? "ISENTO" : null,
    corporatePhone: null,
    isCorporate,
    profileCompleteOnLoading: random.chance(0.5),
    profileErrorOnLoading: false,
    customerClass: null,
    userProfileId: userId
  }
}

const benefits = (random: Random, promotion: Promotion | null): Json => ({
  attachmentId: "ratesAndBenefitsData",
  rateAndBenefitsIdentifiers:
    promotion === null
      ? []
      : [
          {
            id: promotion.id,
            name: promotion.name,
            featured: random.chance(0.5),
            description: "ID\t171\nVálida em\tApp;CRM;\nSemana\t48",
            matchedParameters: { "Seller@CatalogSystem": "1|inclusive", "Free Shipping": "100", "productCluster@CatalogSystem": "163" },
            additionalInfo: { "zipCode@Shipping": "true" }
          }
        ],
  teaser: []
})

const marketing = (random: Random): Json | null =>
  random.chance(0.45)
    ? null
    : {
        attachmentId: "marketingData",
        utmSource: random.pick(["google", "fb", "adwords", "buscapé", ""]),
        utmMedium: random.pick(["ppc", "cpc", "email", ""]),
        utmCampaign: random.pick(campaigns),
        utmPartner: null,
        utmipage: " ",
        utmiPart: " ",
        utmiCampaign: " ",
        coupon: random.chance(0.3) ? random.pick(["BLACK10", "FRETE GRÁTIS", 'VOLTA"5"']) : null,
        marketingTags: random.chance(0.3) ? ["desktop", "vtex-subscription"] : []
      }

const preferences = (country: Country): Json => ({
  countryCode: country.code,
  saveUserData: false,
  timeZone: country.timeZone,
  currencyCode: country.currency,
  currencyLocale: country.localeId,
  currencySymbol: country.symbol,
  currencyFormatInfo: {
    currencyDecimalDigits: 2,
    currencyDecimalSeparator: ",",
    currencyGroupSeparator: ".",
    currencyGroupSize: 3,
    startsWithCurrencySymbol: true
  }
})

/** What apps of a shop add, in their own structure; one keeps a copy of the cart as text. */
const custom = (random: Random, shop: Shop): Json | null =>
  random.chance(0.75)
    ? null
    : {
        attachmentId: "customData",
        customApps: [
          {
            id: "faststore",
            major: 1,
            fields: { "cart-extra-context": JSON.stringify({ cart: random.hex(64), "Loja física?": shop.name }) }
          },
          { id: `${shop.hostname}.gift-card`, major: 0, fields: { "de:": "Tia Lú", "para:": 'Zé "Zezinho"', giftAttachmentNote: "x" } }
        ],
        customFields: [
          { linkedEntity: { type: "order", id: null }, fields: [{ name: "Centro de custo", value: `CC${random.below(9)}`, refId: null }] }
        ]
      }

/** The invoice of a shipped order: an attachment, as the platform calls it. */
const invoice = (random: Random, lines: number, value: number, date: string): Json => ({
  packages: [
    {
      items: Array.from({ length: lines }, (_, itemIndex) => ({ itemIndex, quantity: 1, price: 0, description: null, unitMultiplier: 1 })),
      courier: "Correios",
      invoiceNumber: random.digits(6),
      invoiceValue: value,
      invoiceKey: random.digits(44),
      issuanceDate: date,
      trackingNumber: `TRK-${random.digits(8)}`,
      type: "Output"
    }
  ]
})

/** @param steps those that the order has been through, the last is where it stands */
const workflow = (random: Random, life: Life, steps: Life["steps"]): Json => {
  const now = steps.at(-1)
  return {
    mainFlowIndex: 0,
    instances: [
      {
        id: random.uuid(),
        name: "Marketplace",
        owner: random.hex(16).toUpperCase(),
        version: "1.12",
        creationDate: instant(life.createdAt, life.createdBeyond),
        lastChange: now === undefined ? null : instant(now.at, now.beyond),
        currentLogicalStep: now?.status ?? null,
        currentStepName: now?.status ?? null,
        currentStepDescription: now === undefined ? null : statusText[now.status],
        isInError: false,
        isInAutomaticRetry: false,
        timeLine: steps.map(({ status, at, beyond }) => ({ stepName: status, parentStepName: "creating", date: instant(at, beyond) })),
        logicTimeLine: steps.map(({ status, at, beyond }) => ({ stepName: status, date: instant(at, beyond) }))
      }
    ]
  }
}

/** The shop's own clock, without an offset, as the platform writes it. */
const local = (millis: number, beyond: number, country: Country): string =>
  instant(millis + country.offset * 3_600_000, beyond, "Z").slice(0, -1)
