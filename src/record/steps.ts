/** How far work has come that takes long, told as each part of it begins. */
export interface Steps {
  /** 0 to 1. */
  readonly share: number
  /** What is being done, in words. */
  readonly doing: string
}

export type OnSteps = (steps: Steps) => void
