import {
  csv,
  date,
  decimal,
  defineContract,
  type Expectation,
  type Fields,
  integer,
  latest,
  text,
  timestamp
} from "../../src/contract/index.ts"
import { about } from "./about.ts"
import { notNegative, oneOf, zipOfTheUnitedStates } from "./expectations.ts"

/** What is bought of the weather: a product of AWS Data Exchange, of which each revision is a file. Of two revisions the newer one counts. */
const bought = {
  ...about,
  owner: "science-team",
  sourceSystem: "weather product of AWS Data Exchange",
  costTag: "bright-light-weather",
  systemOwner: "provider of the weather product",
  sourceType: "exchange",
  loadFrequency: "1 day",
  glossary: ["weather"],
  sensitivity: "public",
  approval: { by: "head of science", on: "2026-11-02" },
  format: csv(),
  refreshEvery: "1 day",
  drops: []
} as const

const conditions = ["clear", "cloudy", "fog", "drizzle", "rain", "snow", "storm"]

/** In degrees Celsius and millimetres, whatever the product has. */
const weather: Fields = {
  temperatureMin: decimal(5, 2, "Lowest temperature of the day.", { unit: "°C" }),
  temperatureMax: decimal(5, 2, "Highest temperature of the day.", { unit: "°C" }),
  temperatureAvg: decimal(5, 2, "Mean temperature of the day.", { unit: "°C" }),
  precipitation: decimal(7, 2, "Rain and melted snow of the day.", { unit: "mm" }),
  snowfall: decimal(7, 2, "Snow that fell on the day.", { unit: "mm" }),
  windSpeed: decimal(5, 2, "Mean speed of the wind.", { unit: "m/s" }),
  condition: text(`What the day was like: ${conditions.map((word) => `\`${word}\``).join(", ")}.`),
  revisedAt: timestamp("When the revision was made that says so. Null: the newest is that of the file that was written last.")
}

/** What is warmer or colder is in another unit, all of it: nothing may be made of that. */
const between = (column: string): Expectation => ({
  name: `${column.replaceAll("_", "-")}-of-this-earth`,
  description: "The temperature is one between -90 and 60 °C.",
  column,
  reads: [column],
  severity: "stop",
  holds: ({ [column]: degrees }) => typeof degrees !== "bigint" || (degrees >= -9000n && degrees <= 6000n)
})

const expectations: ReadonlyArray<Expectation> = [
  zipOfTheUnitedStates(),
  between("temperature_min"),
  between("temperature_max"),
  notNegative("precipitation"),
  oneOf("condition", conditions),
  {
    name: "least-is-not-most",
    description: "The lowest temperature is not above the highest.",
    column: "temperature_min",
    reads: ["temperature_min", "temperature_max"],
    severity: "warn",
    holds: ({ temperature_min: least, temperature_max: most }) => typeof least !== "bigint" || typeof most !== "bigint" || least <= most
  }
]

/** The weather that there was. */
export const weatherObserved = defineContract({
  ...bought,
  name: "weather_observed",
  title: "Weather, observed",
  description: "The weather of every day and zip code, as it was measured at the nearest station.",
  arrives: ["**/weather_observed*", "**/weather_observed/**"],
  fields: {
    zip: text("Zip code, with the zeros in front.", { format: "five digits, or nine with a dash", example: "01040" }),
    observedOn: date("Day, of the place."),
    state: text("State, as its two letters."),
    stationId: text("Station that measured it."),
    ...weather
  },
  table: latest({ key: ["zip", "observedOn"], order: ["revisedAt"], by: { day: "observedOn" } }),
  expectations,
  domain: "weather",
  tags: { entity: "observation" }
})

/** The weather that was to come. What was said is kept beside what came: features must not know more than was known then. */
export const weatherForecast = defineContract({
  ...bought,
  name: "weather_forecast",
  title: "Weather, forecast",
  description: "What was forecast for every zip code, by the time at which it was said and the day that it was said of.",
  arrives: ["**/weather_forecast*", "**/weather_forecast/**"],
  fields: {
    zip: text("Zip code, with the zeros in front.", { format: "five digits, or nine with a dash", example: "01040" }),
    issuedAt: timestamp("When it was said."),
    forecastOn: date("Day that it was said of."),
    horizonDays: integer("Days from the day on which it was said to the day that it was said of: 0 to 7."),
    state: text("State, as its two letters."),
    ...weather,
    precipitationProbability: integer("How likely rain or snow is, in percent.")
  },
  table: latest({ key: ["zip", "issuedAt", "forecastOn"], order: ["revisedAt"], by: { day: "forecastOn" } }),
  eventTime: { field: "issuedAt" },
  expectations,
  domain: "weather",
  tags: { entity: "forecast" }
})
