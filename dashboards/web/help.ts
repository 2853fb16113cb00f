/** What each page is for and how it is used, said once for both languages. */
type Help = { zh: readonly string[]; en: readonly string[] }

export const help = {
  desk: {
    zh: [
      '左侧是报警队列：未确认的在前，再按等级和时间。筛选不会隐藏红色报警。',
      '选中一条，中间是它的依据、趋势、经过和处置按钮；右侧是设备、附近设备和等待第二人的事项。',
      '处置绑定你看到的版本：别人先动了，会提示并显示现状，不会覆盖。红色误报、关闭须两人。',
      '按键：J、K 上下移动，A 确认，? 列出全部；可在队列下方关闭。',
      '交接班开始时请允许声音和通知；点名会出现在页面上方，两分钟内应答。',
    ],
    en: [
      'Left is the queue: unacknowledged first, then by level and time. No filter hides a red alarm.',
      'Choose one: in the middle stand its reasons, trend, history and actions; right the device, what is near, and what waits for a second person.',
      'An action is bound to the version you saw: if somebody was first you are told and see it as it is. A false alarm or closing of a red takes two.',
      'Keys: J and K move, A acknowledges, ? lists all of them; they can be switched off under the queue.',
      'Let sound and notices through when your shift begins. A roll call appears at the top: answer within two minutes.',
    ],
  },
  map: {
    zh: [
      '地图上每个设备用形状和颜色表示状态，不只靠颜色；点选看当前值和数据时间。',
      '右侧可画围栏和区域；他人同时修改的版本不会被覆盖。',
      '没有底图时只画设备和边界：底图放在地图目录，说明见运维文档。',
    ],
    en: [
      'Every device shows its state by shape and colour; select one for its values and their age.',
      'Fences and zones are drawn at the right; a version somebody else changed meanwhile is not overwritten.',
      'Without a basemap only devices and outlines are drawn: basemap files go into the folder of maps, see the operations page.',
    ],
  },
  hazards: {
    zh: [
      '隐患台账：来自报警、检查、自查和扫码举报。举报人身份不显示。',
      '责任、措施、资金、时限、预案五项填齐才能进入整改；验收人不能是整改人。',
      '期限按工作日计算；超期的排在前面，并写入交接班。',
    ],
    en: [
      'The ledger of hazards: from alarms, inspections, self-checks and tip-offs by QR code. Who tipped off is not shown.',
      'Responsibility, measures, funds, deadline and plan are filled in before it moves on; whoever verifies is not who fixed it.',
      'Deadlines count working days; overdue ones come first and stand in the handover.',
    ],
  },
  duty: {
    zh: [
      '排班：按班次规律生成，先预览再保存；无人值班的时段有斜纹并写明。没有电话的人不能排班。',
      '点名：接班 5 分钟后询问值班一、值班二和班长，120 秒内按“我在岗”；未应答的会报警并呼叫班长。',
      '号码：点“显示号码”才读取，读取会被记录。',
      '交接班：班次结束前 15 分钟起，双方签字；红橙报警逐条确认。可打印成 A4。',
      '升级阶梯：报警后几秒呼叫谁。改动和启用对外步骤须试算、写明原因，并由另一人批准。',
    ],
    en: [
      'Roster: made by a pattern, looked at before it is saved; time nobody watches is hatched and named. Who has no telephone cannot be put on duty.',
      'Roll call: five minutes into a shift duty 1, duty 2 and the shift leader are asked, and press "I am here" within 120 s. Who does not becomes an alarm, and the leader is called.',
      'Numbers are read only when somebody asks for them; that is recorded.',
      'Handover: from 15 minutes before the end, signed by both; reds and oranges are confirmed one by one. It prints on A4.',
      'Ladder: who is called how long after an alarm. A change, or letting outside steps run, takes a dry run, a reason and another person.',
    ],
  },
  rules: {
    zh: [
      '每条规则用一句话说明何时报警；点开看参数、依据和历史版本。',
      '改动先用过去的数据试算，再提交；须两人的由第二人批准。',
      '规则包自带的规则可以人工设置，也可以恢复。',
    ],
    en: [
      'Each rule says in one sentence when it raises an alarm; open one for its parameters, source and versions.',
      'Try a change on past data before you propose it; where two persons are needed, another one approves.',
      'Rules of a pack can be set by a person, and put back.',
    ],
  },
  windows: {
    zh: [
      '窗口：在约定时间内，对写明的测点或规则不呼叫（检修、动火、标定、主机测试）。报警仍然记录。',
      '企业申报的、测试的、超过 2 小时或 20 个测点的窗口，须由第二人确认才生效；到时自动结束，也可提前结束。',
      '同一测点一次测试最长 2 小时，两次间隔 2 小时，24 小时内合计最多 4 小时。',
    ],
    en: [
      'A window keeps named points or rules from calling anybody for a time (maintenance, hot work, calibration, panel test). Alarms are still recorded.',
      'Another person confirms what an enterprise declares, tests, and what is over 2 hours or 20 points; it ends by itself, or earlier by hand.',
      'A point is tested for 2 hours at most, again only 2 hours later, and for 4 hours of 24 in all.',
    ],
  },
  reports: {
    zh: ['风险指数、在线率和报警绩效，按时间段查看。缺数据时写明，不用 0 代替。', '基准值来自报警管理标准，旁边写明依据。'],
    en: [
      'Risk index, online rates and alarm performance over a time. Missing figures are said to be missing, never 0.',
      'Benchmarks come from the standards of alarm management and name their source.',
    ],
  },
  enterprise: {
    zh: [
      '一家企业的五类风险和各区域的最坏值。未收到数据的写“无数据”，不当作正常。',
      '从报警、地图或管理页进入；企业用户只看到自己的企业。',
    ],
    en: [
      'One enterprise: its five kinds of risk and the worst value of each zone. What sends nothing says so and does not count as normal.',
      'Reached from alarms, map and administration; people of an enterprise see only their own.',
    ],
  },
  people: {
    zh: [
      '我的账号：改密码、二次验证、查看和退出登录会话；企业联系人在这里应答测试消息。',
      '人员：每人一个角色；负责区域或行业，任一符合即可见。号码只对管理员完整显示，查看会被记录。',
      '部门与区划：谁负责一个行业或一个地方，谁在部门里；没有人负责的企业列在最上面。',
      '应急联系：逐家企业发测试消息，应答后才会推送；不能登录的联系人，把消息里的 6 位码告诉值班室录入。',
      '审计：谁在何时从哪里做了什么。',
    ],
    en: [
      'My account: password, second factor, sessions; a contact of an enterprise answers the test message here.',
      'People: one role each; regions or sectors, either is enough to see something. Numbers are whole for administrators only, and that they looked is recorded.',
      'Departments: who answers for a sector or a place, and who is in them; enterprises nobody answers for come first.',
      'Contacts: send a test to an enterprise; nothing is pushed to a contact until they answered one. Who cannot log in reads the six digits in the message to the duty room.',
      'Audit: who did what, when and from where.',
    ],
  },
  admin: {
    zh: [
      '企业、场所、区域、设备的台账。新增设备后令牌只显示一次，请立即复制到设备。',
      '停用不删除数据：历史和报警记录全部保留。换新保留编号、历史和限值。',
      '导入 CSV：下载模板，用 Excel 填好另存为 CSV 再选入。先检查，逐行写明错在哪里、怎么改；好的行导入，坏的行下载改好再导入，重复导入不会重复登记。令牌和首次密码只在结果文件里，只给一次。',
      '隔离区：看不懂或不合规的报文，带原文和原因；照“怎么办”修改设备。',
    ],
    en: [
      'The registry: enterprises, sites, zones, devices. The token of a new device is shown once: copy it to the device.',
      'Retiring deletes nothing: history and alarms stay. A replacement keeps id, history and limits.',
      'Import CSV: take the template, fill it in with Excel, save as CSV and choose it. It is checked first, and each row says what is wrong and how to mend it; good rows go in, bad ones are downloaded, mended and imported again. The same file twice adds nothing twice. Tokens and first passwords are in the result file only, once.',
      'Quarantine: messages that could not be used, with their bytes and the reason; mend the device as it says.',
    ],
  },
  pair: {
    zh: [
      '大屏打开后显示一个代码；在这里输入代码，选名称、布局和语言，大屏即连上。',
      '已配对的大屏可改名、改布局，也可断开；断开后大屏立即停止显示。',
    ],
    en: [
      'A wall that is opened shows a code: enter it here, choose name, layout and language, and it is connected.',
      'A paired wall can be renamed, laid out anew or taken off; then it stops showing anything at once.',
    ],
  },
  start: {
    zh: [
      '首次登录的五步：辖区、地图中心、值班人员、导入台账、测试推送。状态由平台读出，不是勾选。',
      '每一步都可以离开再回来，也可以写明“跳过”；全部完成或跳过后，管理页上方的提示消失。',
    ],
    en: [
      'Five steps of the first login: jurisdiction, map centre, duty people, import, test push. Their state is read from the platform, not ticked.',
      'Leave a step and come back, or skip it knowingly; when all are done or skipped the bar in the administration goes away.',
    ],
  },
  m: {
    zh: [
      '手机上的值班台：报警、任务、值班、我的。确认点一下；误报、升级、关闭要滑到底。',
      '没有网络时操作先存在手机里，标“未送达”；送达前服务器不知道，升级继续。',
      '点名出现在“值班”页上方，120 秒内应答。“我的”里写明本机哪些功能不可用及原因。',
    ],
    en: [
      'The desk for one hand: alarms, tasks, duty, me. Acknowledging is one tap; false alarm, escalation and closing are slid all the way.',
      'Without a network an action is kept on the phone and marked not delivered; until it arrives the server knows nothing of it and escalation goes on.',
      'A roll call stands on top of Duty: answer within 120 s. "Me" says which features are off on this phone and why.',
    ],
  },
  login: {
    zh: [
      '用管理员给的用户名和密码登录；首次登录须改成自己的密码。',
      '密码错误多次会暂停一段时间，页面会写明多久。忘记密码请联系管理员。',
      '启用二次验证后，还要输入验证器上的 6 位码；手机丢失可用备用码。',
    ],
    en: [
      'Log in with the name and password an administrator gave you; the first time you choose your own password.',
      'After several wrong passwords there is a pause, and the page says how long. An administrator sets a forgotten one anew.',
      'With a second factor the six digits of your authenticator are asked for as well; a recovery code does when the telephone is lost.',
    ],
  },
} satisfies Record<string, Help>

export type HelpedPage = keyof typeof help
