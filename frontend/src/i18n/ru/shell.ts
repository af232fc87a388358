import type { shell as English } from "../en/shell";
import type { Same } from "../types";

export const shell: Same<typeof English> = {
  foot: "{name} измеряет, что показывает лицо, и не читает чувств, мыслей или намерений.",
  home: "mimika, к первому разделу",
  language: "Язык",
  nav: {
    about: "Сведения",
    history: "История",
    live: "Камера",
    photo: "Фото",
    profiles: "Профили",
    video: "Видео",
  },
  skip: "К содержанию",
  theme: "Цвета",
  themes: { auto: "как в системе", dark: "тёмные", light: "светлые" },
  views: "Разделы",
  analysing: "Идёт анализ лиц",
  sign_in: "Войти",
  token: "Токен доступа",
  token_text: "Этому серверу нужен токен. Его создаёт владелец сервера командой «mimika token create».",
  token_title: "Вход",
};
