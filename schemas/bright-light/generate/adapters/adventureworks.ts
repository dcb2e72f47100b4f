import { type Change, type Table, tableOf } from "../replicas.ts"
import { timeText } from "../text.ts"
import { centsIn, moneyOf, type Published, recordsOf, stateOf, timeIn } from "./read.ts"

/** When its databases are copied: all orders are placed, and none is shipped yet. */
export const adventureworksLoadedAt = Date.UTC(2008, 5, 4, 4)

/** Columns that the task does not replicate: nobody but the shop's own sign-in needs them. */
export const adventureworksLeftOut = ["Customer.PasswordHash", "Customer.PasswordSalt"]

const statuses: { readonly [status: string]: string } = { "4": "cancelled", "5": "shipped", "6": "cancelled" }

/** Ids that may be missing were written as numbers with a point: `1.0`. */
const idOf = (text: string): string => text.replace(/\.0$/, "")

/** Ten thousandths of a decimal, as a text. */
const moneyOfFour = (text: string): string => Number(text).toFixed(4)

/** What a line gives off its price, cents. */
const discountOf = (line: Published<"UnitPrice" | "OrderQty" | "UnitPriceDiscount">): number =>
  Math.round(Number(line.UnitPrice) * Number(line.OrderQty) * Number(line.UnitPriceDiscount) * 100)

/**
 * SQL Server's AdventureWorksLT: a shop for bicycles, most of whose customers are shops. All orders are of one day, and its totals are not the sums of its
 * lines: they stay as they are. Only places in the United States have zip codes.
 */
export const adventureworksTables = (folder: string): ReadonlyArray<Table> => {
  const addressColumns = ["AddressID", "AddressLine1", "City", "StateProvince", "CountryRegion", "PostalCode"] as const
  const addresses = new Map(
    recordsOf(folder, "Address.csv", addressColumns).map((row) => {
      const isInside = row.CountryRegion === "United States"
      const place = { city: row.City, state: stateOf(row.StateProvince), zip: isInside ? row.PostalCode.padStart(5, "0") : null }
      return [row.AddressID, { street: row.AddressLine1, ...place }] as const
    })
  )
  const offices = new Map<string, string>()
  for (const row of recordsOf(folder, "CustomerAddress.csv", ["CustomerID", "AddressID", "AddressType"]))
    if (row.AddressType === "Main Office" || !offices.has(row.CustomerID)) offices.set(row.CustomerID, row.AddressID)
  const customerColumns = ["CustomerID", "FirstName", "LastName", "CompanyName", "EmailAddress", "Phone", "ModifiedDate"] as const
  const categories = new Map(
    recordsOf(folder, "ProductCategory.csv", ["ProductCategoryID", "ParentProductCategoryID", "Name"]).map((row) => [
      row.ProductCategoryID,
      row
    ])
  )
  const productColumns = ["ProductID", "Name", "StandardCost", "ListPrice", "ProductCategoryID", "SellStartDate", "SellEndDate"] as const
  const headerColumns = [
    "SalesOrderID",
    "OrderDate",
    "ShipDate",
    "Status",
    "CustomerID",
    "ShipToAddressID",
    "SubTotal",
    "TaxAmt",
    "Freight",
    "TotalDue"
  ] as const
  const headers = new Map(recordsOf(folder, "SalesOrderHeader.csv", headerColumns).map((row) => [row.SalesOrderID, row]))
  const lineColumns = ["SalesOrderID", "OrderQty", "ProductID", "UnitPrice", "UnitPriceDiscount", "LineTotal"] as const
  const numbers = new Map<string, number>()
  return [
    tableOf(
      "customers",
      recordsOf(folder, "Customer.csv", customerColumns).map((row): Change => {
        const at = timeIn(row.ModifiedDate, "Customer.ModifiedDate")
        const address = addresses.get(offices.get(row.CustomerID) ?? "")
        const person = { customer_id: row.CustomerID, first_name: row.FirstName, last_name: row.LastName }
        const reached = { email: row.EmailAddress || null, phone: row.Phone || null }
        const segment = row.CompanyName === "" ? "consumer" : "corporate"
        return { at, operation: "I", row: { ...person, ...reached, ...address, segment, registered_at: timeText(at) } }
      })
    ),
    tableOf(
      "products",
      recordsOf(folder, "Product.csv", productColumns).map((row): Change => {
        const category = categories.get(row.ProductCategoryID)
        const parent = categories.get(idOf(category?.ParentProductCategoryID ?? ""))
        return {
          at: timeIn(row.SellStartDate, "Product.SellStartDate"),
          operation: "I",
          row: {
            product_id: row.ProductID,
            product_name: row.Name,
            category: (parent ?? category)?.Name ?? null,
            subcategory: category?.Name ?? null,
            list_price: moneyOfFour(row.ListPrice),
            standard_cost: moneyOfFour(row.StandardCost),
            launched_on: row.SellStartDate.slice(0, 10),
            discontinued_on: row.SellEndDate.slice(0, 10) || null
          }
        }
      })
    ),
    tableOf(
      "orders",
      [...headers.values()].flatMap((row): ReadonlyArray<Change> => {
        const at = timeIn(row.OrderDate, "SalesOrderHeader.OrderDate")
        const address = addresses.get(row.ShipToAddressID)
        const placed = {
          order_id: row.SalesOrderID,
          customer_id: row.CustomerID,
          ordered_at: timeText(at),
          shipped_at: null,
          status: "placed",
          ship_city: address?.city ?? null,
          ship_state: address?.state ?? null,
          ship_zip: address?.zip ?? null,
          subtotal: moneyOf(centsIn(row.SubTotal)),
          coupon_total: "0.00",
          tax_total: moneyOf(centsIn(row.TaxAmt)),
          freight: moneyOf(centsIn(row.Freight)),
          order_total: moneyOf(centsIn(row.TotalDue))
        }
        const status = statuses[row.Status] ?? "placed"
        if (status === "placed") return [{ at, operation: "I", row: placed }]
        const changedAt = row.ShipDate === "" ? at : timeIn(row.ShipDate, "SalesOrderHeader.ShipDate")
        return [
          { at, operation: "I", row: placed },
          {
            at: changedAt,
            operation: "U",
            row: { ...placed, status, shipped_at: status === "shipped" ? timeText(changedAt) : null }
          }
        ]
      })
    ),
    tableOf(
      "order_lines",
      recordsOf(folder, "SalesOrderDetail.csv", lineColumns).map((row): Change => {
        const header = headers.get(row.SalesOrderID)
        if (header === undefined) throw new Error(`SalesOrderDetail.csv has order ${row.SalesOrderID}, which SalesOrderHeader.csv has not.`)
        const at = timeIn(header.OrderDate, "SalesOrderHeader.OrderDate")
        const number = (numbers.get(row.SalesOrderID) ?? 0) + 1
        numbers.set(row.SalesOrderID, number)
        return {
          at,
          operation: "I",
          row: {
            order_id: row.SalesOrderID,
            line_number: number,
            ordered_at: timeText(at),
            product_id: row.ProductID,
            quantity: Number(row.OrderQty),
            unit_price: moneyOfFour(row.UnitPrice),
            discount: moneyOf(discountOf(row)),
            line_total: moneyOf(centsIn(row.LineTotal))
          }
        }
      })
    )
  ]
}
