import { createHash } from "node:crypto"
import { isbot } from "isbot"
import parser from "my-ua-parser"
import { boolean, lookup, text } from "../../src/contract/index.ts"

/** What user agents say of programs and machines: parsed once, when one first comes. */
export const userAgents = lookup({
  name: "user_agents",
  description:
    "Programs that sent hits: what their user agents say of browser, system, device and engine, and whether they are robots. One row an agent.",
  key: "userAgent",
  keys: "select distinct user_agent from {{ ref('stg_hits') }} where user_agent is not null",
  columns: {
    id: text("Key of the agent: `user_agent_id` of hits, the MD5 of the agent."),
    userAgent: text("The agent, as it calls itself."),
    isRobot: boolean("Is it a robot, by its name?"),
    browserName: text("Browser."),
    browserVersion: text("Its version."),
    browserMajor: text("The first number of its version."),
    osName: text("System."),
    osVersion: text("Its version."),
    deviceType: text("`mobile`, `tablet`, …; null is mostly a desk."),
    deviceModel: text("Model."),
    deviceVendor: text("Who made it."),
    cpuArchitecture: text("Kind of processor."),
    engineName: text("What draws the pages."),
    engineVersion: text("Its version.")
  },
  version: "my-ua-parser 2.0.4, isbot 5.2.3",
  row: (agent) => {
    const { browser, os, device, cpu, engine } = parser(agent)
    return {
      id: createHash("md5").update(agent).digest("hex"),
      isRobot: isbot(agent),
      browserName: browser.name,
      browserVersion: browser.version,
      browserMajor: browser.major,
      osName: os.name,
      osVersion: os.version,
      deviceType: device.type,
      deviceModel: device.model,
      deviceVendor: device.vendor,
      cpuArchitecture: cpu.architecture,
      engineName: engine.name,
      engineVersion: engine.version
    }
  }
})
