/**
 * Loaded before a server by `--import`: its clock is an hour ahead of everybody else's. The monotonic clock, by which
 * leases run, is none that one could set.
 */
const shiftMs = 60 * 60 * 1000

const shifted = (real: DateConstructor): DateConstructor =>
  new Proxy(real, {
    construct: (target, args, self) =>
      Reflect.construct(target, args.length === 0 ? [target.now() + shiftMs] : args, self),
    get: (target, key) => (key === 'now' ? () => target.now() + shiftMs : Reflect.get(target, key)),
  })

globalThis.Date = shifted(Date)
