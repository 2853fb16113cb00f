// A browser too old for the pages gets a plain page that names what it lacks. Old syntax on purpose: it must be read by what it turns away.
;(function () {
  var missing = []
  var need = function (name, there) {
    if (!there) missing.push(name)
  }
  var works = function (check) {
    try {
      return check()
    } catch (_error) {
      return false
    }
  }
  need('ES modules', 'noModule' in document.createElement('script'))
  need('WebSocket', typeof WebSocket === 'function')
  need('fetch', typeof fetch === 'function')
  need('ResizeObserver', typeof ResizeObserver === 'function')
  need('Array.prototype.at', typeof [].at === 'function')
  need('reportError', typeof reportError === 'function' || typeof structuredClone === 'function')
  need(
    'CSS custom properties, grid, min(), inset',
    works(function () {
      return (
        CSS.supports('--a', '0') &&
        CSS.supports('display', 'grid') &&
        CSS.supports('width', 'min(1px, 2px)') &&
        CSS.supports('inset', '0')
      )
    }),
  )
  need(
    'Intl time zones (Asia/Shanghai)',
    works(function () {
      return new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Shanghai', hourCycle: 'h23', hour: '2-digit' }).format(0) === '08'
    }),
  )
  if (missing.length === 0) return
  window.watchfireFloor = missing
  var show = function () {
    var page = document.createElement('div')
    page.setAttribute('data-zone', 'floor')
    page.setAttribute(
      'style',
      'position:fixed;top:0;left:0;right:0;bottom:0;z-index:99;background:#1b1d20;color:#e4e6e8;font:24px/1.6 sans-serif;padding:64px;cursor:default',
    )
    var line = function (tag, text) {
      var element = document.createElement(tag)
      element.appendChild(document.createTextNode(text))
      page.appendChild(element)
    }
    line('h1', '浏览器版本过低,无法显示 · This browser is too old')
    line('p', '需要 Chromium 94、Firefox 102 或 Safari 16 及以上。缺少:')
    line('p', 'Chromium 94, Firefox 102 or Safari 16 and later are needed. Missing here:')
    for (var i = 0; i < missing.length; i++) line('p', '· ' + missing[i])
    line('p', navigator.userAgent)
    document.body.appendChild(page)
  }
  if (document.body) show()
  else document.addEventListener('DOMContentLoaded', show)
})()
