import { expect, it } from "vitest"
import { wholeRequest } from "../../src/collect/whole-request.ts"

const post = (headers: string, body = "v=1") => wholeRequest(Buffer.from(`POST /collect HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`))

it("a plain request is read from its bytes, and no more of them than are its own", () => {
  const found = post("Content-Length: 3\r\nX-A:  b \t", "v=1GET /")
  expect([found?.method, found?.target, found?.headers.get("x-a"), found?.body.toString()]).toEqual(["POST", "/collect", "b", "v=1"])
  const get = "GET /collect?v=1 HTTP/1.1\r\nhost: x\r\n\r\n"
  expect(wholeRequest(Buffer.from(get + get))).toMatchObject({ target: "/collect?v=1", length: get.length })
})

it("a byte that looks like a space is of its character", () => {
  const agent = Buffer.from("voilà").toString("latin1")
  const found = wholeRequest(Buffer.from(`GET /collect HTTP/1.1\r\nhost: x\r\nuser-agent: ${agent} \t\r\n\r\n`, "latin1"))
  expect(found?.headers.get("user-agent")).toBe(agent)
  expect(wholeRequest(Buffer.from("POST /collect HTTP/1.1\r\nhost: x\r\ncontent-length: 3\xa0\r\n\r\nv=1", "latin1"))).toBe(null)
})

it.each([
  ["a body that is not there yet", post("content-length: 4")],
  ["no length", post("x-a: b")],
  ["two lengths", post("content-length: 3\r\ncontent-length: 3")],
  ["a length that is no number", post("content-length: +3")],
  ["chunks", post("content-length: 3\r\ntransfer-encoding: chunked")],
  ["a question before the body", post("content-length: 3\r\nexpect: 100-continue")],
  ["a connection that ends", post("content-length: 3\r\nconnection: close")],
  ["a space before the colon", post("content-length : 3")],
  ["a line that goes on", post("content-length: 3\r\nx-a: b\r\n c")],
  ["half of a line's end", post("content-length: 3\nx-a: b")],
  ["a second host", post("content-length: 3\r\nhost: y")],
  ["no host", wholeRequest(Buffer.from("GET /collect?v=1 HTTP/1.1\r\n\r\n"))],
  ["a body of GET", wholeRequest(Buffer.from("GET /collect?v=1 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"))],
  ["another path", wholeRequest(Buffer.from("GET /collect/ HTTP/1.1\r\nhost: x\r\n\r\n"))]
])("is left to Node's server: %s", (_, found) => expect(found).toBe(null))
