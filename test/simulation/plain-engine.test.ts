import { engineSuite } from "../repartition/engine-suite.ts"
import { plainEngine } from "./plain-engine.ts"

engineSuite("plain", plainEngine)
