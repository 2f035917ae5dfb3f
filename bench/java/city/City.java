package city;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** The fold of bench/job.py, for the peers in Java. */
class City {
  static final String[] SOURCES = {"household_registration", "moves", "tenancy", "tax"};
  static final String[] AT = {"reg_at", "mov_at", "ten_at", "tax_at"};
  static final String[] EVENT = {"reg_ev", "mov_ev", "ten_ev", "tax_ev"};
  static final int JOINED = 0, LEFT = 1, TAX = 2;
  static final Map<Integer, Schema> BY_ID = new HashMap<>();
  static final Map<String, Schema> BY_NAME = new HashMap<>();
  static final Map<String, Integer> ID = new HashMap<>();

  record Change(String household, int kind, Long tax) {}

  static String setting(String name, String otherwise) {
    String value = System.getenv(name);
    return value == null ? otherwise : value;
  }

  static void readSchemas(String path) throws IOException {
    JsonNode said = new ObjectMapper().readTree(new File(path));
    for (Iterator<String> names = said.get("ids").fieldNames(); names.hasNext(); ) {
      String name = names.next();
      Schema schema = new Schema.Parser().parse(said.get("schemas").get(name).toString());
      GenericData.setStringType(schema, GenericData.StringType.String);
      int id = said.get("ids").get(name).asInt();
      BY_NAME.put(name, schema);
      ID.put(name, id);
      BY_ID.put(id, schema);
    }
  }

  /** Framed Avro; a name is needed for writing only. */
  static class Avro implements Serde<GenericRecord>, Serializer<GenericRecord>, Deserializer<GenericRecord> {
    final String name;
    final GenericDatumWriter<GenericRecord> writer;
    final Map<Integer, GenericDatumReader<GenericRecord>> readers = new HashMap<>();
    final ByteArrayOutputStream out = new ByteArrayOutputStream(512);
    BinaryEncoder encoder;
    BinaryDecoder decoder;

    Avro(String name) {
      this.name = name;
      writer = name == null ? null : new GenericDatumWriter<>(BY_NAME.get(name));
    }

    public synchronized byte[] serialize(String topic, GenericRecord value) {
      if (value == null) return null;
      try {
        out.reset();
        out.write(0);
        out.write(ByteBuffer.allocate(4).putInt(ID.get(name)).array());
        encoder = EncoderFactory.get().directBinaryEncoder(out, encoder);
        writer.write(value, encoder);
        return out.toByteArray();
      } catch (IOException error) {
        throw new RuntimeException(error);
      }
    }

    public synchronized GenericRecord deserialize(String topic, byte[] value) {
      if (value == null) return null;
      try {
        int id = ByteBuffer.wrap(value, 1, 4).getInt();
        decoder = DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, decoder);
        return readers.computeIfAbsent(id, x -> new GenericDatumReader<>(BY_ID.get(x))).read(null, decoder);
      } catch (IOException error) {
        throw new RuntimeException(error);
      }
    }

    public Serializer<GenericRecord> serializer() { return new Avro(name); }

    public Deserializer<GenericRecord> deserializer() { return new Avro(name); }

    public void configure(Map<String, ?> settings, boolean key) {}

    public void close() {}
  }

  static String text(Object value) { return value == null ? null : value.toString(); }

  static int compare(long at, String event, long otherAt, String otherEvent) {
    return at != otherAt ? Long.compare(at, otherAt) : event.compareTo(otherEvent);
  }

  static GenericRecord newResident(String resident) {
    GenericRecord row = new GenericData.Record(BY_NAME.get("resident"));
    row.put("resident_id", resident);
    for (int i = 0; i < 4; i++) {
      row.put(AT[i], 0L);
      row.put(EVENT[i], "");
    }
    row.put("hist", new ArrayList<String>());
    row.put("trigger", "");
    return row;
  }

  @SuppressWarnings("unchecked")
  static List<Change> again(GenericRecord row, int department, long at, String eventId) {
    List<Change> changes = new ArrayList<>();
    String home = text(row.get("household_id"));
    Long tax = (Long) row.get("tax_amount");
    if (department == 3 && home != null) changes.add(new Change(home, TAX, tax));
    int other = 1 - department;
    if (department < 2 && compare((Long) row.get(AT[other]), text(row.get(EVENT[other])), at, eventId) <= 0) {
      for (Object left : (List<Object>) row.get("hist")) {
        if (!left.toString().equals(home)) changes.add(new Change(left.toString(), LEFT, null));
      }
      changes.add(new Change(home, JOINED, tax));
    }
    return changes;
  }

  @SuppressWarnings("unchecked")
  static List<Change> fold(GenericRecord row, int department, GenericRecord event, long at, String eventId) {
    List<Change> changes = new ArrayList<>();
    String home = text(row.get("household_id"));
    Long tax = (Long) row.get("tax_amount");
    row.put(AT[department], at);
    row.put(EVENT[department], eventId);
    row.put("trigger", eventId);
    if (department == 3) {
      row.put("tax_period", event.get("period"));
      row.put("tax_amount", event.get("amount"));
      if (home != null) changes.add(new Change(home, TAX, (Long) event.get("amount")));
      return changes;
    }
    if (department == 2) {
      row.put("dwelling_id", event.get("dwelling_id"));
      row.put("landlord_id", event.get("landlord_id"));
      row.put("tenancy_start", event.get("start"));
      row.put("tenancy_end", event.get("end"));
      return changes;
    }
    String to, address;
    if (department == 0) {
      for (String field : new String[] {"name", "birth_date", "district"}) row.put(field, event.get(field));
      to = text(event.get("household_id"));
      address = text(event.get("address"));
    } else {
      to = text(event.get("to_household"));
      address = text(event.get("to_address"));
    }
    int other = 1 - department;
    if (compare(at, eventId, (Long) row.get(AT[other]), text(row.get(EVENT[other]))) < 0) return changes;
    row.put("address", address);
    if (to.equals(home)) return changes;
    row.put("household_id", to);
    List<Object> seen = new ArrayList<>((List<Object>) row.get("hist"));
    if (seen.stream().noneMatch(x -> x.toString().equals(to))) {
      seen.add(to);
      row.put("hist", seen);
    }
    if (home != null) changes.add(new Change(home, LEFT, null));
    changes.add(new Change(to, JOINED, tax));
    return changes;
  }

  /** The fold of one event into `row`, in place: whether the row is said again, and whether it has changed. */
  record Step(boolean said, boolean changed, List<Change> changes) {}

  static Step step(GenericRecord row, GenericRecord event) {
    String eventId = text(event.get("event_id")), name = event.getSchema().getName();
    int department =
        name.equals("HouseholdRegistration") ? 0 : name.equals("Move") ? 1 : name.equals("Tenancy") ? 2 : 3;
    long at = (Long) event.get("occurred_at");
    int newer = compare(at, eventId, (Long) row.get(AT[department]), text(row.get(EVENT[department])));
    if (newer < 0) return new Step(false, false, List.of());
    if (newer == 0) return new Step(true, false, again(row, department, at, eventId));
    return new Step(true, true, fold(row, department, event, at, eventId));
  }

  static GenericRecord record(Change change, String resident, String eventId) {
    GenericRecord record = new GenericData.Record(BY_NAME.get("change"));
    record.put("household_id", change.household());
    record.put("resident_id", resident);
    record.put("kind", change.kind());
    record.put("tax", change.tax());
    record.put("trigger", eventId);
    return record;
  }

  /** The members kept of a household (null: none yet) after `change`. */
  static GenericRecord members(GenericRecord kept, GenericRecord change) {
    String resident = change.get("resident_id").toString();
    int kind = (Integer) change.get("kind");
    Long tax = (Long) change.get("tax");
    TreeMap<String, Long> members = new TreeMap<>();
    if (kept != null) {
      for (Map.Entry<?, ?> member : ((Map<?, ?>) kept.get("members")).entrySet()) {
        members.put(member.getKey().toString(), (Long) member.getValue());
      }
    }
    if (kind == JOINED) members.put(resident, tax);
    else if (kind == LEFT) members.remove(resident);
    else if (members.containsKey(resident)) members.put(resident, tax);
    GenericRecord after = new GenericData.Record(BY_NAME.get("household_state"));
    after.put("members", members);
    return after;
  }

  @SuppressWarnings("unchecked")
  static GenericRecord household(String number, GenericRecord kept, Object trigger) {
    TreeMap<String, Long> members = (TreeMap<String, Long>) kept.get("members");
    long sum = 0;
    for (Long amount : members.values()) if (amount != null) sum += amount;
    GenericRecord row = new GenericData.Record(BY_NAME.get("household"));
    row.put("household_id", number);
    row.put("members", new ArrayList<>(members.keySet()));
    row.put("count", members.size());
    row.put("tax_sum", sum);
    row.put("trigger", trigger);
    row.put("taxes", new ArrayList<>(members.values()));
    return row;
  }
}
