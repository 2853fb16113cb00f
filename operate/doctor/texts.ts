export type Level = 'error' | 'warning' | 'note'

type Sentences = [what: string, todo: string]
type Text = { level: Level; zh: Sentences; en: Sentences }

const text = (level: Level, zh: Sentences, en: Sentences): Text => ({ level, zh, en })

/** Everything the doctor can find. Codes are never given a second meaning: monitoring may rely on them. */
export const texts = {
  'node-old': text(
    'error',
    ['Node 版本是 {version}，Watchfire 需要 24 或更新', '用 npm 脚本启动（自带 Node 24），或安装 Node 24'],
    ['Node is {version}, and Watchfire needs 24 or newer', 'start with the npm scripts, which bring Node 24, or install Node 24'],
  ),
  'settings-wrong': text(
    'error',
    ['设置有错误：{message}', '改正该设置；在此之前平台不会启动，以下检查按默认值进行'],
    ['a setting is wrong: {message}', 'mend it: the platform does not start before; what follows was checked with defaults'],
  ),
  'settings-unknown': text(
    'warning',
    ['{message}', '多半是拼写错误；可用的设置见 docs/reference.md'],
    ['{message}', 'mostly a typing error; docs/reference.md has the settings there are'],
  ),
  'packs-missing': text(
    'warning',
    ['规则包目录 {dir} 不存在', '改正 WATCHFIRE_PACKS_DIR 或建立该目录；目前只有自带的规则有效'],
    ['the folder of rule packs {dir} is not there', 'mend WATCHFIRE_PACKS_DIR or make it: only the rules that ship are in force'],
  ),
  'data-missing': text(
    'note',
    ['数据目录 {dir} 还不存在', '首次启动会建立它；如果本应有数据，请检查 WATCHFIRE_DATA_DIR'],
    ['the data folder {dir} is not there yet', 'the first start makes it; if there should be data, look at WATCHFIRE_DATA_DIR'],
  ),
  'folder-unreadable': text(
    'error',
    ['当前用户不能读写 {path}（{reason}）', '用运行平台的用户执行，或改正属主：chown -R watchfire {dir}'],
    [
      'this user cannot read and write {path} ({reason})',
      'run as the user of the platform, or mend the owner: chown -R watchfire {dir}',
    ],
  ),
  'folder-open': text(
    'warning',
    ['其他用户可以进入数据目录 {dir}（权限 {mode}）', 'chmod 700 {dir}；平台下次启动时也会改正'],
    ['other users may enter the data folder {dir} (mode {mode})', 'chmod 700 {dir}; the next start of the platform does it too'],
  ),
  'secret-open': text(
    'warning',
    ['其他用户可以读取机密文件 {path}（权限 {mode}）', 'chmod 600 {path}'],
    ['other users may read {path}, which is secret (mode {mode})', 'chmod 600 {path}'],
  ),
  'owner-differs': text(
    'error',
    [
      '{path} 的属主（{owner}）与数据目录的属主（{dirOwner}）不同，平台可能无法写入',
      'chown {dirOwner} {path}；今后请用平台的用户执行命令',
    ],
    [
      '{path} belongs to user {owner} and the data folder to user {dirOwner}: the platform may not be able to write it',
      'chown {dirOwner} {path}, and run commands as the user of the platform',
    ],
  ),
  'format-missing': text(
    'error',
    ['{dir} 没有 format.json，不是完整的数据目录', '从备份恢复到一个新目录'],
    ['{dir} has no format.json: it is not a whole data folder', 'restore a backup into a new folder'],
  ),
  'format-unreadable': text(
    'error',
    ['{dir}/format.json 读不出来', '从备份恢复到一个新目录'],
    ['{dir}/format.json cannot be read', 'restore a backup into a new folder'],
  ),
  'format-newer': text(
    'error',
    ['数据格式是 {format}，本版本只认到 {known}', '启动写入它的较新版本；不要降级'],
    [
      'the data has format {format} and this version knows up to {known}',
      'start the newer version that wrote it; there is no way back',
    ],
  ),
  'format-older': text(
    'note',
    ['数据格式是 {format}，下次启动会升级到 {known}，并先留一份副本', '升级前先做一次备份：npm run backup -- DIR'],
    [
      'the data has format {format}; the next start brings it to {known}, after a copy',
      'make a backup before: npm run backup -- DIR',
    ],
  ),
  'restore-unfinished': text(
    'error',
    ['{dir} 中的恢复没有完成', '删除该目录，重新恢复'],
    ['{dir} holds a restore that was not finished', 'remove it and restore again'],
  ),
  'restored-pending': text(
    'note',
    ['这是从备份恢复的数据，平台还没有启动过', '启动时会在记录中写明从哪里恢复'],
    ['this was restored from a backup and has not been started since', 'the start notes in the record from where'],
  ),
  'upgrade-copy': text(
    'note',
    ['{path} 是升级前的副本（{size}）', '确认升级无误后可以删除'],
    ['{path} is what an upgrade copied before it began ({size})', 'remove it once the upgrade has proved itself'],
  ),
  'admin-password-left': text(
    'note',
    ['首个管理员口令仍以明文存在 {path}', '记下口令后删除该文件'],
    ['the first password of admin still stands in clear in {path}', 'note it and remove the file'],
  ),
  running: text(
    'note',
    ['平台正在运行（进程 {pid}）', '检查只读进行；端口不检查'],
    ['the platform is running (process {pid})', 'nothing was changed by looking; ports were not tried'],
  ),
  'lock-stale': text(
    'note',
    ['锁文件来自一个已经结束的进程（{pid}）', '不必处理，下次启动会自动接管'],
    ['the lock is of a process that is gone ({pid})', 'nothing: the next start takes it over'],
  ),
  'disk-full': text(
    'error',
    ['数据盘只剩 {free}', '立即腾出空间：盘满后平台不再确认任何读数'],
    ['the disk of the data has {free} left', 'make room now: on a full disk nothing is acknowledged any more'],
  ),
  'disk-low': text(
    'warning',
    ['数据盘只剩 {free}（{percent}%）', '腾出空间或换更大的盘'],
    ['the disk of the data has {free} left ({percent} %)', 'make room or take a larger disk'],
  ),
  'disk-forecast': text(
    'note',
    ['数据占 {used}，每天约增长 {perDay}，空间还够 {days} 天以上', '不必处理'],
    ['the data takes {used} and grows by about {perDay} a day: room for more than {days} days', 'nothing'],
  ),
  'disk-forecast-short': text(
    'warning',
    [
      '数据占 {used}，每天约增长 {perDay}，约 {days} 天后盘满',
      '换更大的盘，或减小 WATCHFIRE_HISTORY_DAYS、WATCHFIRE_JOURNAL_MAX_MB',
    ],
    [
      'the data takes {used} and grows by about {perDay} a day: the disk is full in about {days} days',
      'take a larger disk, or lower WATCHFIRE_HISTORY_DAYS or WATCHFIRE_JOURNAL_MAX_MB',
    ],
  ),
  'journal-missing': text(
    'error',
    ['日志目录 {dir} 不存在或为空，而读者已经到过位置 {reached}', '从备份恢复到一个新目录'],
    ['the journal {dir} is missing or empty, and readers have been at position {reached}', 'restore a backup into a new folder'],
  ),
  'journal-format': text(
    'error',
    ['{message}', '启动写入它的版本，或从备份恢复'],
    ['{message}', 'start the version that wrote it, or restore a backup'],
  ),
  'journal-header': text(
    'warning',
    ['日志文件 {file} 的文件头损坏，内容仍可读', '做一次备份，检查磁盘（smartctl）'],
    ['the header of {file} is damaged; what follows it can still be read', 'make a backup and look at the disk (smartctl)'],
  ),
  'journal-damaged': text(
    'error',
    [
      '日志文件 {file} 从第 {offset} 字节起有 {bytes} 字节损坏或缺失：位置 {fromPos} 到 {lastPos} 读不回来',
      '检查磁盘；这一段跳过，其余照常使用；备份里若有同名文件，可以从中查阅',
    ],
    [
      '{file}: {bytes} bytes from byte {offset} on are damaged or missing; positions {fromPos} to {lastPos} cannot be read back',
      'look at the disk; the stretch is skipped and the rest is used; a backup with a file of that name still has it',
    ],
  ),
  'journal-unfinished': text(
    'note',
    ['日志末尾 {file} 有 {bytes} 字节是没写完的一组（断电或 kill）', '不必处理：它没有被确认过，下次启动会截掉'],
    [
      '{file} ends with {bytes} bytes of a group that was not finished (power cut or kill)',
      'nothing: it was never acknowledged, the next start cuts it off',
    ],
  ),
  'cursors-unreadable': text(
    'warning',
    ['{path} 读不出来', '不必处理：各读者自己记着位置，启动后会重写；在此之前日志不删旧文件'],
    [
      '{path} cannot be read',
      'nothing: every reader keeps its own position and the file is written anew; until then old segments stay',
    ],
  ),
  'cursor-behind': text(
    'warning',
    ['读者 {name} 落后约 {hours} 小时（{behind} 个位置），日志为它保留旧文件', '看 /readyz 中这个部分的原因；停机时只需启动平台'],
    [
      'reader {name} is about {hours} h behind ({behind} positions), and the journal keeps old files for it',
      'see /readyz for why; if the platform is stopped, start it',
    ],
  ),
  'chain-broken': text(
    'error',
    ['记录的哈希链在位置 {pos} 断开，共 {breaks} 处', '与备份和已公布的链头比较；若同时有日志损坏，那就是原因，否则有人改过记录'],
    [
      'the hash chain of the record is broken at position {pos}, {breaks} breaks in all',
      'compare with backups and published heads; damage of the journal there explains it, otherwise somebody changed the record',
    ],
  ),
  'head-unsigned': text(
    'error',
    ['已公布的链头 {file} 读不出来或签名不符', '用别处保存的副本核对'],
    ['the published head {file} cannot be read, or its signature does not fit', 'compare with the copy kept elsewhere'],
  ),
  'head-lost': text(
    'error',
    ['记录与 {file} 公布的链头（位置 {pos}）不符：该位置之前的记录被改过或丢失', '用备份和别处保存的链头核对，保留现场'],
    [
      'the record no longer has the head that {file} published (position {pos}): something before it was changed or lost',
      'compare with backups and heads kept elsewhere, and keep everything as it is',
    ],
  ),
  'head-key': text(
    'warning',
    ['签名私钥 {path} 读不出来，无法再公布链头', '从备份取回；没有备份就移走该文件，下次启动会生成新的密钥'],
    [
      'the signing key {path} cannot be read, so no more heads are published',
      'take it from a backup; without one move it away, the next start makes another',
    ],
  ),
  'database-damaged': text(
    'error',
    ['数据库 {file} 损坏：{message}', '停机，移走 {file} 及其 -wal、-shm：{remedy}'],
    ['the database {file} is damaged: {message}', 'stop the platform and move {file} with its -wal and -shm away: {remedy}'],
  ),
  'database-missing': text('warning', ['数据库 {file} 不存在', '{remedy}'], ['the database {file} is not there', '{remedy}']),
  'database-ahead': text(
    'error',
    [
      '数据库 {file} 到过位置 {cursor}，而日志只到 {head}：两者不属于同一份数据',
      '从备份恢复到一个新目录；不要混用不同来源的文件',
    ],
    [
      '{file} has been at position {cursor} and the journal ends at {head}: they do not belong together',
      'restore a backup into a new folder, and never mix files of several',
    ],
  ),
  'clock-behind': text(
    'warning',
    ['系统时间比最后一条记录早 {seconds} 秒', '校准系统时间（NTP）；平台的时间不会倒退，会一直领先到系统时间追上'],
    [
      'the clock of this machine is {seconds} s before the last entry',
      'set it right (NTP); our time never goes back and stays ahead until the clock has caught up',
    ],
  ),
  'port-taken': text(
    'error',
    ['{setting} 的端口 {port} 已被别的程序占用', '停掉那个程序（ss -ltnp），或改用别的端口'],
    ['port {port} of {setting} is taken by another program', 'stop that program (ss -ltnp) or set another port'],
  ),
  'port-refused': text(
    'error',
    ['{setting} 的地址 {host}:{port} 不能监听（{reason}）', '检查 WATCHFIRE_HOST；1024 以下的端口需要 CAP_NET_BIND_SERVICE'],
    [
      '{host}:{port} of {setting} cannot be listened on ({reason})',
      'look at WATCHFIRE_HOST; ports below 1024 need CAP_NET_BIND_SERVICE',
    ],
  ),
  'tls-unreadable': text(
    'error',
    ['证书或私钥读不出来：{message}', '检查 WATCHFIRE_TLS_CERT 和 WATCHFIRE_TLS_KEY，都应是 PEM 文件'],
    ['certificate or key cannot be read: {message}', 'look at WATCHFIRE_TLS_CERT and WATCHFIRE_TLS_KEY: both are PEM files'],
  ),
  'tls-mismatch': text(
    'error',
    ['私钥 {key} 与证书 {cert} 不是一对', '换成同一次签发的证书和私钥'],
    ['the key {key} does not belong to the certificate {cert}', 'use a certificate and key that were issued together'],
  ),
  'tls-expired': text(
    'error',
    ['证书 {cert} 不在有效期内（{from} 至 {to}）', '换新证书后重启；设备会拒绝连接'],
    ['the certificate {cert} is not valid now ({from} to {to})', 'get another and restart: devices refuse to connect'],
  ),
  'tls-expires-soon': text(
    'warning',
    ['证书 {cert} 将在 {days} 天后（{to}）过期', '换新证书后重启'],
    ['the certificate {cert} expires in {days} days ({to})', 'get another and restart'],
  ),
} satisfies Record<string, Text>

export type Code = keyof typeof texts
