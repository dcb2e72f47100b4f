/** An unscaled decimal in digits, with all of its scale: `-1.00` of -100 and scale 2. @param sign before the fraction */
export const decimalText = (unscaled: bigint, scale: number, sign = "."): string => {
  if (scale === 0) return String(unscaled)
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0")
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, -scale)}${sign}${digits.slice(-scale)}`
}
