import type { common as English } from "../en/common";
import type { Same } from "../types";

export const common: Same<typeof English> = {
  again: "Қайталау",
  back: "Артқа",
  busy: "Сервер бос емес. Сәлден кейін қайталап көріңіз.",
  cancel: "Бас тарту",
  close: "Жабу",
  copied: "Көшірілді.",
  copy: "Көшіру",
  delete: "Жою",
  edit: "Өзгерту",
  face: "{n}-бет",
  loading: "Жүктелуде …",
  name: "Атауы",
  notes: "Жазбалар",
  save: "Сақтау",
  seconds: "{n} с",
  too_large: "Бұл сервер қабылдайтын өлшемнен үлкен.",
  unknown: "белгісіз",
  unreachable: "mimika сервері жауап бермейді. «mimika serve» әлі жұмыс істеп тұр ма?",
  view_missing: "Парақтың бұл бөлігі жүктелмеді. Парақты жаңартыңыз.",
  yes: "Иә",
  no: "Жоқ",
};
