import { Random } from "../../../src/contract/index.ts"
import { begin, type Company, end, streams } from "./company.ts"
import type { Place } from "./places.ts"
import { dayMillis, dayText, type Row, timeText } from "./text.ts"

/** The weather of a place and day, in whole tenths. */
interface Weather {
  readonly least: number
  readonly most: number
  readonly mean: number
  readonly rain: number
  readonly snow: number
  readonly wind: number
  readonly condition: string
}

const weatherAt = (random: Random, place: Place, day: number): Weather => {
  // Warmest at the end of July.
  const season = Math.round(1_000 * Math.cos(((((day - Date.UTC(2025, 6, 25)) / dayMillis) % 365) / 365) * 2 * Math.PI)) / 1_000
  const mean = Math.round(10 * (place.mean + place.swing * season)) + random.between(-45, 45)
  const isWet = random.chance(place.wet)
  const rain = isWet ? random.between(2, 250) : 0
  const isSnow = isWet && mean < 10
  const condition = isSnow ? "snow" : !isWet ? random.pick(["clear", "cloudy"]) : rain > 200 ? "storm" : rain < 20 ? "drizzle" : "rain"
  return {
    least: mean - random.between(20, 70),
    most: mean + random.between(20, 70),
    mean,
    rain,
    snow: isSnow ? rain * 10 : 0,
    wind: random.between(0, 120),
    condition
  }
}

/** Tenths as text with two places. */
const text = (tenths: number): string => `${tenths < 0 ? "-" : ""}${Math.floor(Math.abs(tenths) / 10)}.${Math.abs(tenths) % 10}0`

const columnsOf = (weather: Weather, revisedAt: number): Row => ({
  temperature_min: text(weather.least),
  temperature_max: text(weather.most),
  temperature_avg: text(weather.mean),
  precipitation: text(weather.rain),
  snowfall: text(weather.snow),
  wind_speed: text(weather.wind),
  condition: weather.condition,
  revised_at: timeText(revisedAt)
})

const eachDay = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: Math.ceil((to - from) / dayMillis) }, (_, i) => from + i * dayMillis)

/** What is bought of the weather, by the day on which it comes. */
export interface Bought {
  readonly day: number
  readonly rows: ReadonlyArray<Row>
}

const observedRow = ({ seed, places }: Company, index: number, day: number, revision: number): Row => {
  const place = places[index] ?? places[0]
  const random = new Random(seed, streams.weather, index, day / dayMillis, revision)
  return {
    zip: place.zip,
    observed_on: dayText(day),
    state: place.state,
    station_id: `US${place.zip}`,
    ...columnsOf(weatherAt(random, place, day), day + (30 + revision * 24) * 3_600_000)
  }
}

/** Measured weather comes the morning after; a day in nine is measured otherwise a day later, and the newer revision counts. */
export const observed = (company: Company): ReadonlyArray<Bought> =>
  eachDay(begin, end - dayMillis).map((day, i) => ({
    day: day + dayMillis,
    rows: company.places.flatMap((_, index) => [
      observedRow(company, index, day, 0),
      ...(i % 9 === 8 ? [observedRow(company, index, day - dayMillis, 1)] : [])
    ])
  }))

/** What is forecast at six in the morning of a day of it and the seven behind it; on some mornings nothing comes. */
export const forecast = (company: Company): ReadonlyArray<Bought> =>
  eachDay(begin, end).flatMap((day, i) =>
    i % 13 === 5
      ? []
      : [
          {
            day,
            rows: company.places.flatMap((place, index) =>
              eachDay(day, day + 8 * dayMillis).map((of) => forecastRow(company, place, index, day, of))
            )
          }
        ]
  )

const forecastRow = ({ seed }: Company, place: Place, index: number, day: number, of: number): Row => {
  const random = new Random(seed, streams.forecast, index, day / dayMillis, of / dayMillis)
  const weather = weatherAt(random, place, of)
  return {
    zip: place.zip,
    issued_at: timeText(day + 6 * 3_600_000),
    forecast_on: dayText(of),
    horizon_days: (of - day) / dayMillis,
    state: place.state,
    ...columnsOf(weather, day + 6 * 3_600_000),
    precipitation_probability: weather.rain > 0 ? random.between(50, 100) : random.between(0, 49)
  }
}

/** Once a season somebody looks at the instruments: what was measured a month before, on two days, is told anew. */
export const corrections = (company: Company): ReadonlyArray<Bought> =>
  eachDay(begin + 60 * dayMillis, end).flatMap((day, i) =>
    i % 90 !== 0
      ? []
      : [
          {
            day,
            rows: [30, 31].flatMap((before) =>
              company.places.map((_, index) => observedRow(company, index, day - before * dayMillis, before))
            )
          }
        ]
  )

/** Rows of measured weather that count: of all revisions of a day the newest. */
export const finalObserved = (company: Company): ReadonlyArray<Row> => {
  const rows = new Map<string, Row>()
  for (const { rows: some } of [...observed(company), ...corrections(company)])
    for (const row of some) rows.set(`${row["zip"]} ${row["observed_on"]}`, row)
  return [...rows.values()]
}
