/** Student's t distribution for whole degrees of freedom (Abramowitz & Stegun 26.7.3, 26.7.4): how much of it lies below `t`. */
export function studentCdf(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom))
  const cos = Math.cos(angle)
  const square = cos * cos
  let term = freedom % 2 === 0 ? 1 : cos
  let sum = freedom === 1 ? 0 : term
  for (let k = freedom % 2 === 0 ? 2 : 3; k <= freedom - 2; k += 2) {
    term *= ((k - 1) / k) * square
    sum += term
  }
  const within = freedom % 2 === 0 ? Math.sin(angle) * sum : (2 / Math.PI) * (angle + Math.sin(angle) * sum)
  return (1 + within) / 2
}
