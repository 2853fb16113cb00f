import type { KpiDefinition } from '../../core/kpi.ts'

/**
 * Rates the regulator is measured by: formula + population + dated targets + source. The sources give no formula and no period for
 * the three 95 % rates, so the formula used is published beside each number. A target without a region holds everywhere.
 */
export const shippedDefinitions: KpiDefinition[] = [
  {
    id: 'vehicle.entered',
    name: {
      zh: '车辆卫星定位入网率',
      en: 'Vehicle positioning: network entry',
    },
    formula: 'entered',
    says: {
      zh: '曾经上传过数据的车辆 ÷ 在册车辆(当日末在册、未注销)',
      en: 'Vehicles that have ever sent data ÷ vehicles on the register at the end of the day',
    },
    population: {
      kinds: ['vehicle'],
    },
    targets: [
      {
        atLeast: 0.95,
        from: '2020-01-01',
        source: '青园街道行动方案 2020–2022: 入网率、上线率、数据合规率均达到95%以上',
      },
    ],
    source: '青园街道行动方案 2020–2022, 卫星定位; 公式为本平台所定',
  },
  {
    id: 'vehicle.online',
    name: {
      zh: '车辆卫星定位上线率',
      en: 'Vehicle positioning: online',
    },
    formula: 'online',
    says: {
      zh: '当日上传过数据的车辆 ÷ 已入网车辆',
      en: 'Vehicles that sent data on the day ÷ vehicles that have entered the network',
    },
    population: {
      kinds: ['vehicle'],
    },
    targets: [
      {
        atLeast: 0.95,
        from: '2020-01-01',
        source: '青园街道行动方案 2020–2022: 入网率、上线率、数据合规率均达到95%以上',
      },
    ],
    source: '青园街道行动方案 2020–2022, 卫星定位; 公式为本平台所定',
  },
  {
    id: 'vehicle.valid',
    name: {
      zh: '车辆定位数据合规率',
      en: 'Vehicle positioning: valid data',
    },
    formula: 'valid',
    says: {
      zh: '当日有效数据 ÷ 当日收到的全部数据(含被拒收的报文;数值不可能、质量为坏、时间不可信的不算有效)',
      en: 'Valid values of the day ÷ all that came, refused messages included (impossible values, bad quality and unbelievable times are not valid)',
    },
    population: {
      kinds: ['vehicle'],
    },
    targets: [
      {
        atLeast: 0.95,
        from: '2020-01-01',
        source: '青园街道行动方案 2020–2022: 入网率、上线率、数据合规率均达到95%以上',
      },
    ],
    source: '青园街道行动方案 2020–2022, 卫星定位; 公式为本平台所定',
  },
  {
    id: 'device.entered',
    name: {
      zh: '监测设备入网率',
      en: 'Devices: network entry',
    },
    formula: 'entered',
    says: {
      zh: '曾经上传过数据的设备 ÷ 在册设备',
      en: 'Devices that have ever sent data ÷ devices on the register',
    },
    population: {},
    targets: [],
    source: '枣庄高新区行动方案 2020–2022: 全部纳入监管; 公式为本平台所定',
  },
  {
    id: 'device.online',
    name: {
      zh: '监测设备上线率',
      en: 'Devices: online',
    },
    formula: 'online',
    says: {
      zh: '当日上传过数据的设备 ÷ 已入网设备',
      en: 'Devices that sent data on the day ÷ devices that have entered the network',
    },
    population: {},
    targets: [],
    source: '枣庄高新区行动方案 2020–2022: 全部纳入监管; 公式为本平台所定',
  },
  {
    id: 'device.valid',
    name: {
      zh: '监测数据合规率',
      en: 'Devices: valid data',
    },
    formula: 'valid',
    says: {
      zh: '当日有效数据 ÷ 当日收到的全部数据(含被拒收的报文)',
      en: 'Valid values of the day ÷ all that came, refused messages included',
    },
    population: {},
    targets: [],
    source: '枣庄高新区行动方案 2020–2022: 严厉打击伪造检测数据; 公式为本平台所定',
  },
  {
    id: 'gas.in-service',
    name: {
      zh: '气体检测装置投用率',
      en: 'Gas detection: in service',
    },
    formula: 'in-service',
    says: {
      zh: '在线且未旁路、未停用的时间 ÷ 应投用时间(在册时间中平台能接收的部分)',
      en: 'Time online and neither bypassed nor out of service ÷ time required (on the register, while the platform could receive)',
    },
    population: {
      kinds: ['gas-detector'],
    },
    targets: [
      {
        atLeast: 1,
        from: '2020-12-31',
        source: '枣庄高新区行动方案 2020–2022: 装备和使用率必须达到100%',
      },
    ],
    source: '枣庄高新区、天目山街道行动方案 2020–2022: 装备和使用率; 公式为本平台所定',
  },
  {
    id: 'device.in-service',
    name: {
      zh: '监测设备投用率',
      en: 'Devices: in service',
    },
    formula: 'in-service',
    says: {
      zh: '在线且未旁路、未停用的时间 ÷ 应投用时间',
      en: 'Time online and neither bypassed nor out of service ÷ time required',
    },
    population: {},
    targets: [],
    source: '枣庄高新区行动方案 2020–2022: 装备率与使用率分别计算; 公式为本平台所定',
  },
  {
    id: 'enterprise.connected',
    name: {
      zh: '企业接入率',
      en: 'Enterprises connected',
    },
    formula: 'enterprises-connected',
    says: {
      zh: '当日有设备上传数据的企业 ÷ 在册企业',
      en: 'Enterprises with a device that sent data on the day ÷ enterprises on the register',
    },
    population: {},
    targets: [],
    source: '枣庄高新区行动方案 2020–2022: 全部纳入监管，实现省市县互联互通、分级管控',
  },
  {
    id: 'fire-facility.connected',
    name: {
      zh: '消防设施联网单位接入率',
      en: 'Units with connected fire facilities',
    },
    formula: 'enterprises-connected',
    says: {
      zh: '当日消防设施在线的单位 ÷ 列入名单的单位(在册消防设施所属单位)',
      en: 'Units with a fire facility online on the day ÷ listed units (those with a fire facility on the register)',
    },
    population: {
      kinds: ['fire-panel', 'smoke-alarm', 'heat-alarm', 'hydrant', 'water-pressure', 'electrical-fire', 'call-point'],
    },
    targets: [
      {
        atLeast: 0.9,
        from: '2022-12-31',
        source: '天目山街道行动方案 2020–2022: 消防设施联网监测，既有单位 90%',
      },
    ],
    source: '天目山街道行动方案 2020–2022: 消防设施联网监测系统',
  },
  {
    id: 'metal-and-dust.connected',
    name: {
      zh: '铝加工、粉尘涉爆企业接入率',
      en: 'Casting and dust enterprises connected',
    },
    formula: 'enterprises-connected',
    says: {
      zh: '当日有设备上传数据的企业 ÷ 在册的铝加工(深井铸造)、粉尘涉爆企业',
      en: 'Enterprises with a device that sent data on the day ÷ casting and dust-explosion enterprises on the register',
    },
    population: {
      sectors: ['aluminium-casting', 'dust-explosion', '铝加工', '粉尘涉爆'],
    },
    targets: [
      {
        atLeast: 1,
        from: '2024-12-31',
        source: '薛埠镇行动方案 2024–2026: 所有重点粉尘涉爆企业全部接入安全风险监测预警系统',
      },
    ],
    source: '薛埠镇行动方案 2024–2026',
  },
]
