import type { common as English } from "../en/common";
import type { Same } from "../types";

export const common: Same<typeof English> = {
  again: "Повторить",
  back: "Назад",
  busy: "Сервер занят. Попробуйте ещё раз чуть позже.",
  cancel: "Отмена",
  close: "Закрыть",
  copied: "Скопировано.",
  copy: "Копировать",
  delete: "Удалить",
  edit: "Изменить",
  face: "Лицо {n}",
  loading: "Загрузка …",
  name: "Название",
  notes: "Заметки",
  save: "Сохранить",
  seconds: "{n} с",
  too_large: "Это больше, чем принимает сервер.",
  unknown: "неизвестно",
  unreachable: "Сервер mimika не отвечает. Работает ли ещё «mimika serve»?",
  view_missing: "Эту часть страницы не удалось загрузить. Обновите страницу.",
  yes: "Да",
  no: "Нет",
};
