/** Signs of the DTDL units that people read as signs. */
const signs: Record<string, string> = {
  degreeCelsius: '°C',
  degreeFahrenheit: '°F',
  kelvin: 'K',
  percent: '%',
  pascal: 'Pa',
  hectopascal: 'hPa',
  kilopascal: 'kPa',
  metre: 'm',
  meterPerSecond: 'm/s',
  metrePerSecond: 'm/s',
  kilometrePerHour: 'km/h',
  volt: 'V',
  millivolt: 'mV',
  ampere: 'A',
  milliampere: 'mA',
  watt: 'W',
  kilowatt: 'kW',
  kilowattHour: 'kWh',
  hertz: 'Hz',
  lux: 'lx',
  second: 's',
  millisecond: 'ms',
  gForce: 'g',
  decibel: 'dB',
  gram: 'g',
  kilogram: 'kg',
  litre: 'L',
};

/** `°C` for `degreeCelsius`; a unit we do not know is shown by its own name. */
export function unitWords(unit: string | undefined): string {
  return unit === undefined ? '' : (signs[unit] ?? unit);
}
