#!/usr/bin/env node
/**
 * Makes a fresh clone runnable, then runs the program it is given: `node src/setup.mjs FILE [ARGUMENT…]`.
 *
 * Plain JavaScript, since the machine's own Node may be too old for TypeScript. It installs what the lockfile says when that is not there, has
 * compiled code kept, and hands over to the pinned Node of `node_modules/node`. Everything it says goes to standard error: standard output belongs
 * to the program.
 */
import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import module from "node:module"
import { constants } from "node:os"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const pinned = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node")

const json = (...path) => JSON.parse(readFileSync(join(root, ...path), "utf8"))
const node = json("package.json").dependencies.node
const isPinned = process.version === `v${node}`
/** The pinned Node can be left out (`npm ci --ignore-scripts`) where there is one of its major version. */
const isNodeThere = () => isPinned || existsSync(pinned) || process.versions.node.split(".")[0] === node.split(".")[0]

/**
 * Does `node_modules` hold what the lockfile says? npm notes there what it has installed, whoever called it.
 *
 * @param {boolean} isDevelopment are packages for development needed, too?
 */
const isInstalled = (isDevelopment) => {
  if (!isNodeThere() || !existsSync(join(root, "node_modules", ".package-lock.json"))) return false
  const there = json("node_modules", ".package-lock.json").packages
  return Object.entries(json("package-lock.json").packages).every(([path, wanted]) => {
    if (path === "") return true
    // Optional ones are for other machines.
    const mayLack = wanted.optional || wanted.devOptional || (wanted.dev && !isDevelopment)
    return there[path] === undefined ? mayLack : there[path].version === wanted.version
  })
}

/**
 * Runs a child with this process' streams, passes signals on, and gives its exit code, for which it waits whatever signal comes. Ctrl-C in a
 * terminal reaches the child by itself: passed on, it would be a second one, which ends the child at once.
 */
const run = (command, args, stdio) =>
  new Promise((done, fail) => {
    const child = spawn(command, args, { cwd: stdio === "inherit" ? process.cwd() : root, stdio, shell: process.platform === "win32" })
    const pass = (signal) => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal)
    }
    const signals = ["SIGINT", "SIGTERM"]
    for (const signal of signals) process.on(signal, pass)
    child.on("error", fail)
    child.on("close", (code, signal) => {
      for (const name of signals) process.off(name, pass)
      if (signal === "SIGKILL" || signal === "SIGABRT")
        process.stderr.write(`sluice: the command was ended by ${signal}, most likely for want of memory.\n`)
      done(code ?? (signal === null ? 1 : 128 + constants.signals[signal]))
    })
  })

/** @param {boolean} isDevelopment whatever npm's settings say of packages for development */
const install = async (isDevelopment) => {
  process.stderr.write("sluice: installing dependencies (once) …\n")
  // Standard output of npm goes to our standard error. Engine warnings are about the Node that npm runs on, not the one that we run on.
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error", ...(isDevelopment ? ["--include=dev"] : [])]
  const code = await run("npm", args, ["ignore", 2, 2])
  if (code === 0 && isNodeThere()) return
  process.stderr.write(
    code === 0
      ? `sluice: npm has not brought Node ${node}, since it is told to run no scripts of packages (ignore-scripts). Allow it, or use Node ${node.split(".")[0]}.\n`
      : `sluice: "npm ci" failed with exit code ${code} in ${root}. Check the messages above and the network or registry settings, then run the same command again.\n`
  )
  process.exit(code || 1)
}

const [file, ...args] = process.argv.slice(2)
if (file === undefined) {
  process.stderr.write("usage: node src/setup.mjs FILE [ARGUMENT…]\n")
  process.exit(2)
}
// What stands in src/ is the product; anything else that is run is a tool for its development.
const isDevelopment = !file.startsWith("src/")
if (!isInstalled(isDevelopment)) await install(isDevelopment)
/**
 * Code is kept as it was compiled, beside the dependencies: the next start takes two thirds of the time. And that next process has no types to strip
 * any more: what strips them makes a WebAssembly memory grow, after which V8 checks at every access to any typed array whether its memory is still
 * there, which costs a twentieth of the speed. By the environment, so that other threads and processes have it, too.
 */
process.env.NODE_COMPILE_CACHE ||= join(root, "node_modules", ".cache", "compile")
const target = resolve(root, file)
if (isPinned || !existsSync(pinned)) {
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE)
  process.argv = [process.argv[0], target, ...args]
  await import(pathToFileURL(target).href)
} else {
  process.exitCode = await run(pinned, [...process.execArgv, target, ...args], "inherit")
}
