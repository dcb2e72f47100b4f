import type { Random } from "../record/seeded.ts"
import { instant } from "./life.ts"
import { carriers, complements, firstNames, lastNames, type Place, references, streets } from "./words.ts"
import type { Product, Shop } from "./world.ts"

/** JSON object that is being made. */
export interface Json {
  [key: string]: unknown
}

export interface Line {
  readonly product: Product
  readonly quantity: number
  readonly sellingPrice: number
  readonly seller: string
  readonly uniqueId: string
}

export interface Shipping {
  readonly data: Json
  /** Cents, over all lines. */
  readonly price: number
  readonly isPickup: boolean
}

export const fullName = (random: Random): string => `${random.pick(firstNames)} ${random.pick(lastNames)}`

export const address = (random: Random, shop: Shop, place: Place, receiverName: string | null, type: "residential" | "pickup"): Json => ({
  addressType: type,
  receiverName,
  addressId: type === "pickup" ? `P${random.digits(3)}` : random.hex(16),
  isDisposable: random.chance(0.3),
  postalCode: `${place.zip.slice(0, 5)}${random.chance(0.3) ? "-" : ""}${random.digits(3)}`,
  city: place.city,
  state: place.state,
  country: shop.country.code,
  street: random.pick(streets),
  number: random.chance(0.04) ? "s/n" : String(random.between(1, 4_999)),
  neighborhood: place.neighborhood,
  complement: random.pick(complements),
  reference: random.chance(0.15) ? random.pick(references) : null,
  geoCoordinates: random.chance(0.15) ? [] : place.at.map((degrees) => degrees + (random.unit() - 0.5) / 10),
  contactId: null,
  entityId: random.chance(0.1) ? random.uuid() : null,
  versionId: random.chance(0.1) ? random.uuid() : null
})

const noStore: Json = { isPickupStore: false, friendlyName: null, address: null, additionalInfo: null, dockId: null }

/** Where a shop's parcels can be picked up: with its own address, opening hours as JSON in text. */
const pickupStore = (random: Random, shop: Shop, place: Place): Json => ({
  isPickupStore: true,
  friendlyName: `${shop.name} - Retirada em ${place.neighborhood}`,
  address: address(random, shop, place, null, "pickup"),
  additionalInfo: JSON.stringify({
    phoneNumber: `(${random.digits(2)}) ${random.digits(4)}-${random.digits(4)}`,
    pickupInstructions: "Apresentar documento com foto"
  }),
  dockId: random.chance(0.3) ? `dock_${random.digits(2)}` : null
})

const window = (day: number, price: number): Json => ({
  startDateUtc: `${new Date(day).toISOString().slice(0, 10)}T08:00:00+00:00`,
  endDateUtc: `${new Date(day).toISOString().slice(0, 10)}T12:00:00+00:00`,
  price,
  lisPrice: price,
  tax: 0
})

const deliveryIds = (random: Random, shop: Shop, quantity: number): Array<Json> => [
  {
    courierId: random.hex(4),
    warehouseId: `1_${random.between(1, 3)}`,
    dockId: String(random.between(1, 9)),
    courierName: random.pick(carriers),
    quantity,
    totalListPrice: null,
    accountCarrierName: shop.hostname,
    kitItemDetails: []
  }
]

const names = ["Normal", "Expressa", "Econômica", "Agendada"] as const

/** One offered way to deliver. */
const sla = (random: Random, shop: Shop, place: Place, line: Line, createdAt: number, nth: number): Json => {
  const isPickup = nth === 1
  const listPrice = isPickup ? 0 : Math.round(random.between(500, 5_000) * shop.country.priceFactor)
  const days = isPickup ? 1 : random.between(1, 12)
  const name = isPickup ? `Retirada (${place.neighborhood})` : (names[nth % names.length] ?? "Normal")
  return {
    id: name,
    deliveryChannel: isPickup ? "pickup-in-point" : "delivery",
    name,
    deliveryIds: deliveryIds(random, shop, line.quantity),
    shippingEstimate: `${days}bd`,
    shippingEstimateDate: random.chance(0.7) ? instant(createdAt + days * 86_400_000, random.below(10_000), "+00:00") : null,
    lockTTL: "12d",
    availableDeliveryWindows:
      name === "Agendada" ? [window(createdAt + days * 86_400_000, 0), window(createdAt + (days + 1) * 86_400_000, 990)] : [],
    deliveryWindow: null,
    price: random.chance(0.25) ? 0 : listPrice,
    listPrice,
    tax: 0,
    pickupStoreInfo: isPickup ? pickupStore(random, shop, place) : noStore,
    pickupPointId: isPickup ? `${shop.hostname}_${random.digits(3)}` : null,
    pickupDistance: isPickup ? random.unit() * 20 : 0,
    polygonName: random.chance(0.2) ? `region${random.digits(2)}` : "",
    transitTime: `${Math.max(1, days - 1)}bd`
  }
}

/** How a line is delivered: what was offered, and what of it was chosen. */
const logistics = (
  random: Random,
  shop: Shop,
  place: Place,
  line: Line,
  index: number,
  createdAt: number,
  wantsPickup: boolean,
  addressId: unknown
): Json => {
  const offered = 1 + Number(random.chance(0.55)) + Number(random.chance(0.25))
  const slas = Array.from({ length: Math.max(offered, wantsPickup ? 2 : 1) }, (_, nth) => sla(random, shop, place, line, createdAt, nth))
  const chosen = slas[wantsPickup ? 1 : 0] ?? {}
  return {
    itemIndex: index,
    selectedSla: chosen["id"],
    selectedDeliveryChannel: chosen["deliveryChannel"],
    addressId,
    slas,
    shipsTo: [shop.country.code],
    itemId: line.product.skuId,
    deliveryChannels: [
      { id: "delivery", stockBalance: random.below(500) },
      { id: "pickup-in-point", stockBalance: random.below(50) }
    ],
    deliveryChannel: chosen["deliveryChannel"],
    deliveryCompany: random.pick(carriers),
    deliveryIds: chosen["deliveryIds"],
    deliveryWindow: null,
    shippingEstimate: chosen["shippingEstimate"],
    shippingEstimateDate: chosen["shippingEstimateDate"],
    lockTTL: "12d",
    transitTime: chosen["transitTime"],
    price: chosen["price"],
    listPrice: chosen["listPrice"],
    sellingPrice: chosen["price"],
    pickupStoreInfo: chosen["pickupStoreInfo"],
    pickupPointId: chosen["pickupPointId"],
    polygonName: chosen["polygonName"],
    entityId: null,
    versionId: null
  }
}

export const shippingOf = (random: Random, shop: Shop, receiver: string, lines: ReadonlyArray<Line>, createdAt: number): Shipping => {
  const place = random.pick(shop.country.places)
  const isPickup = random.chance(0.15)
  const home = address(random, shop, place, receiver, isPickup ? "pickup" : "residential")
  const logisticsInfo = lines.map((line, i) => logistics(random, shop, place, line, i, createdAt, isPickup, home["addressId"]))
  const data: Json = {
    attachmentId: "shippingData",
    address: home,
    logisticsInfo,
    selectedAddresses: [home],
    availableAddresses: random.chance(0.3) ? [home, address(random, shop, place, receiver, "residential")] : [home],
    trackingHints: random.chance(0.8)
      ? null
      : [{ trackingId: random.digits(12), courierName: random.pick(carriers), trackingLabel: null, trackingUrl: null }],
    pickupPoints: [],
    contactInformation: random.chance(0.9)
      ? []
      : [
          {
            id: "0",
            email: `contato${random.digits(6)}@example.com`,
            firstName: random.pick(firstNames),
            lastName: random.pick(lastNames),
            document: random.digits(11),
            documentType: "cpf",
            phone: `+5511${random.digits(9)}`
          }
        ]
  }
  return { data, price: logisticsInfo.reduce((sum, info) => sum + Number(info["price"]), 0), isPickup }
}
