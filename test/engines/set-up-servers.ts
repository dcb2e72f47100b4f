import { setUpMoto, setUpVersitygw } from "./setup.ts"

/** What several files of tests need: they run at once, and would install it twice. */
export const setup = (): void => {
  setUpMoto()
  setUpVersitygw()
}
