import type { common as English } from "../en/common";
import type { Same } from "../types";

export const common: Same<typeof English> = {
  again: "Спробувати ще раз",
  back: "Назад",
  busy: "Сервер зайнятий. Спробуйте ще раз трохи згодом.",
  cancel: "Скасувати",
  close: "Закрити",
  copied: "Скопійовано.",
  copy: "Копіювати",
  delete: "Видалити",
  edit: "Змінити",
  face: "Обличчя {n}",
  loading: "Завантаження …",
  name: "Назва",
  notes: "Нотатки",
  save: "Зберегти",
  seconds: "{n} с",
  too_large: "Це більше, ніж приймає сервер.",
  unknown: "невідомо",
  unreachable: "Сервер mimika не відповідає. Чи ще працює «mimika serve»?",
  view_missing: "Цю частину сторінки не вдалося завантажити. Оновіть сторінку.",
  yes: "Так",
  no: "Ні",
};
