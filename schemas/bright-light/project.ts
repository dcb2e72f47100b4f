import { defineProject } from "../../src/contract/project.ts"
import { customers } from "./customers.ts"
import { company } from "./generate/files.ts"
import { campaigns, couponRedemptions, coupons } from "./marketing.ts"
import { orderLines, orders } from "./orders.ts"
import { products } from "./products.ts"
import { returns } from "./returns.ts"
import { warehouses } from "./warehouses.ts"
import { weatherForecast, weatherObserved } from "./weather.ts"
import { webLogs } from "./web-logs.ts"

/** A whole company's analytics: logs of its web servers, its databases, and weather that it buys. */
export default defineProject({
  name: "bright-light",
  // What is not for everybody goes into the cloud only after security has looked at where it goes.
  approvalFrom: "internal",
  contracts: [
    webLogs,
    customers,
    products,
    orders,
    orderLines,
    returns,
    campaigns,
    coupons,
    couponRedemptions,
    weatherObserved,
    weatherForecast,
    warehouses
  ],
  generator: company
})
