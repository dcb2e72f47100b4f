/** The part of the WebAssembly interface that is used here; Node's type package leaves it out. */
declare const WebAssembly: {
  validate(code: Uint8Array): boolean
  readonly Module: new (code: Uint8Array) => Module
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => { readonly buffer: ArrayBuffer }
  readonly Instance: new <Exports>(
    module: Module,
    imports: { readonly env: { readonly memory: unknown }; readonly js: object }
  ) => { readonly exports: Exports }
}
type Module = { readonly module: never }

const pageBytes = 65_536

/** A kernel of 128-bit SIMD instructions, which works on a memory that it shares with TypeScript. */
export class SimdKernel<Imports extends object, Exports> {
  readonly #code: string
  #isAvailable: boolean | undefined
  #module: Module | undefined

  /** @param code WebAssembly, in base64 */
  constructor(code: string) {
    this.#code = code
  }

  /** Does this machine run it? */
  get isAvailable(): boolean {
    this.#isAvailable ??= WebAssembly.validate(this.#binary)
    return this.#isAvailable
  }

  get #binary(): Buffer {
    return Buffer.from(this.#code, "base64")
  }

  /**
   * A memory of at least so many bytes, and what starts the kernel on it. Its code is compiled once a thread, when it is first needed.
   *
   * @returns null where there is no SIMD, or no room: a process whose address space is limited may not get any
   */
  open(bytes: number): { readonly buffer: ArrayBuffer; readonly start: (imports: Imports) => Exports } | null {
    if (!this.isAvailable) return null
    try {
      this.#module ??= new WebAssembly.Module(this.#binary)
      const module = this.#module
      const pages = Math.ceil(bytes / pageBytes)
      const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
      return { buffer: memory.buffer, start: (js) => new WebAssembly.Instance<Exports>(module, { env: { memory }, js }).exports }
    } catch (error) {
      if (error instanceof RangeError) return null
      throw error
    }
  }
}
