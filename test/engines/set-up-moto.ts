import { setUpMoto } from "./setup.ts"

export const setup = (): void => {
  setUpMoto()
}
