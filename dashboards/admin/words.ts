/** Why a message was set aside and what to do about it; only the administration says it, so no other page carries the words. */
export const quarantineZh = {
  means: {
    'not-utf8': '报文须为 UTF-8 编码；请检查设备或网关的编码设置。',
    'not-json': '报文须为完整的 JSON；请看标出的字节处，多为截断、引号或逗号有误。',
    'wrong-shape': 'JSON 可以解析，但结构不是平台约定的对象或数组。',
    'wrong-type': '该键的值类型与约定不符，例如应为数字却是文本。',
    'not-finite': '值须为有限的数；NaN 和无穷大不予采用。',
    'bad-timestamp': '时间戳须为 UTC 毫秒；请检查单位（秒或毫秒）和设备时钟。',
    'bad-key': '键名含有不允许的字符，或过长。',
    'too-many-keys': '一条报文的键超过上限；请分多条发送。',
    'too-deep': '嵌套层数超过上限；请改为平铺的键。',
    'too-large': '报文或其中的文本超过上限；请缩短或分条发送。',
    'unknown-device': '登记中没有此设备编码；请先登记，或改正编码。',
    'topic-not-allowed': '此凭据不得发布到该主题；请改用分配给它的主题。',
    'conflicting-resend': '同一时刻已收到另一个值；先到的值保留，后到的在此备查。',
    'not-archived': '数据已存入本机，未存入 InfluxDB；请检查其字段类型是否冲突。',
    'protocol-version': '设备所用的协议版本不受支持；请调整设备设置。',
    'bad-credential': '凭据无效、已撤销或属于别的设备；请重新填写令牌。',
  },
}

export const quarantineEn = {
  means: {
    'not-utf8': 'Messages must be UTF-8: check the encoding set at the device or gateway.',
    'not-json': 'Messages must be whole JSON: look at the byte that is marked; mostly a cut message, a quote or a comma.',
    'wrong-shape': 'It is JSON, but not the object or array agreed upon.',
    'wrong-type': 'The value of this key is of another type than agreed, text for a number say.',
    'not-finite': 'Values must be finite: NaN and infinity are not used.',
    'bad-timestamp': 'Times are UTC milliseconds: check the unit (s or ms) and the clock of the device.',
    'bad-key': 'The name of the key has characters that are not allowed, or is too long.',
    'too-many-keys': 'More keys in a message than are allowed: send several.',
    'too-deep': 'Nested deeper than is allowed: send flat keys.',
    'too-large': 'The message or a text in it is too long: shorten or split it.',
    'unknown-device': 'No device of this id is registered: register it, or correct the id.',
    'topic-not-allowed': 'This credential may not publish to the topic: use the one it was given.',
    'conflicting-resend': 'Another value of the same moment was here before: that one stays, this one is kept here.',
    'not-archived': 'Stored here but not in InfluxDB: look for a conflict of field types there.',
    'protocol-version': 'This version of the protocol is not supported: change it at the device.',
    'bad-credential': 'The credential is invalid, revoked or belongs to another device: enter the token again.',
  },
}
