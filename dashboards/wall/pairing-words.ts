/** Only a screen that is no wall yet needs these, so they travel with the picture that shows them. */
export const pairingWords = {
  'zh-CN': {
    title: '此屏尚未配对',
    scan: '主管扫描二维码,或在值班台打开「大屏配对」输入配对码',
    approve: '核对来源后选择辖区与画面,批准',
    then: '大屏数秒内自动开始显示,不需要登录',
    valid: '有效期',
    login: '临时以个人账号登录',
  },
  en: {
    title: 'This screen is not paired yet',
    scan: 'A supervisor scans the code, or opens “Pair walls” at the desk and types it',
    approve: 'checks where it comes from, chooses what to show, and approves',
    then: 'The wall then starts by itself; nobody logs in here',
    valid: 'valid for',
    login: 'Log in as a person for now',
  },
}
