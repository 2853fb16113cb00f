/** What the benchmark publishes (numenta/NAB, results/): standard, reward low FP, reward low FN on its full corpus of 58 files. */
export type Published = {
  name: string
  corpus: [number, number, number] | null
  /** raw standard score summed over the files that are here, from its published score of each file */
  here: number | null
}

export const FILES_HERE = 19
export const WINDOWS_HERE = 22

export const published: readonly Published[] = [
  { name: 'ARTime (the summit of the scoreboard)', corpus: null, here: 13.301 },
  { name: 'CAD OSE (contextOSE)', corpus: [69.9, 67.0, 73.2], here: 12.348 },
  { name: 'Numenta HTM (numenta)', corpus: [70.1, 63.1, 74.3], here: 8.763 },
  { name: 'Random Cut Forest', corpus: [51.7, 38.4, 59.7], here: null },
  { name: 'Windowed Gaussian', corpus: [39.6, 20.9, 47.4], here: -21.084 },
  { name: 'Random', corpus: [16.8, 5.8, 25.9], here: null },
  { name: 'Null', corpus: [0, 0, 0], here: -22 },
]

/** Published scores of the windowed Gaussian, profile standard, threshold 1.0: what our copy of detector and scoring must give. */
export const windowedGaussianAtOne: Readonly<Record<string, number>> = {
  'artificialWithAnomaly/art_load_balancer_spikes.csv': -0.6924446095227346,
  'realAWSCloudwatch/ec2_cpu_utilization_24ae8d.csv': -1.266678759349383,
  'realAWSCloudwatch/ec2_cpu_utilization_5f5533.csv': -2,
  'realAWSCloudwatch/ec2_disk_write_bytes_1ef3de.csv': -4.190896785522053,
  'realAWSCloudwatch/rds_cpu_utilization_cc0c53.csv': -0.13844919792440225,
  'realKnownCause/machine_temperature_system_failure.csv': -4,
  'realTraffic/TravelTime_387.csv': -1.7959813307852819,
  'realTraffic/occupancy_6005.csv': -1,
  'realTraffic/speed_6005.csv': -1,
}
