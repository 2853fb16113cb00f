import type { Camera } from './use-camera.ts'
import { moved, zoomed } from './projection.ts'

const WHEEL = 1.0015
const DRAG_PX = 4

/** Wheel zooms, dragging moves. `click` is a press that did not move. */
export function useGestures(camera: Camera, box: () => HTMLElement, click: (x: number, y: number) => void) {
  let pressed: { x: number; y: number; far: boolean } | null = null
  const at = (event: MouseEvent) => {
    const rect = box().getBoundingClientRect()
    return { x: event.clientX - rect.left, y: event.clientY - rect.top }
  }
  return {
    wheel(event: WheelEvent) {
      const { view } = camera
      const { x, y } = at(event)
      if (view.value) camera.hold(zoomed(view.value, WHEEL ** -event.deltaY, x, y))
    },
    down(event: PointerEvent) {
      pressed = { x: event.clientX, y: event.clientY, far: false }
    },
    drag(event: PointerEvent) {
      const { view } = camera
      if (!pressed || !view.value) return
      const [dx, dy] = [event.clientX - pressed.x, event.clientY - pressed.y]
      if (!pressed.far && Math.hypot(dx, dy) < DRAG_PX) return
      // Captured only now: a capture at the press would take the click away from the glyph under it.
      if (!pressed.far) box().setPointerCapture(event.pointerId)
      camera.hold(moved(view.value, dx, dy))
      pressed = { x: event.clientX, y: event.clientY, far: true }
    },
    up(event: PointerEvent) {
      const still = pressed !== null && !pressed.far
      pressed = null
      if (!still) return
      const { x, y } = at(event)
      click(x, y)
    },
    cancel() {
      pressed = null
    },
  }
}
