import { multiplyOrders } from "./input/many-orders.ts"

await multiplyOrders(process.argv[2] ?? "", Number(process.argv[3]))
