package city;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
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
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** The city join of bench/job.py in Kafka Streams: Processor API, RocksDB stores with changelogs, exactly_once_v2. */
public class Join {
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

  static class Resident implements Processor<String, GenericRecord, String, GenericRecord> {
    ProcessorContext<String, GenericRecord> context;
    KeyValueStore<String, GenericRecord> rows;

    public void init(ProcessorContext<String, GenericRecord> given) {
      context = given;
      rows = given.getStateStore("residents");
    }

    public void process(Record<String, GenericRecord> record) {
      GenericRecord event = record.value();
      String resident = record.key(), eventId = text(event.get("event_id"));
      String name = event.getSchema().getName();
      int department = name.equals("HouseholdRegistration") ? 0 : name.equals("Move") ? 1 : name.equals("Tenancy") ? 2 : 3;
      GenericRecord row = rows.get(resident);
      if (row == null) row = newResident(resident);
      long at = (Long) event.get("occurred_at");
      int newer = compare(at, eventId, (Long) row.get(AT[department]), text(row.get(EVENT[department])));
      if (newer < 0) return;
      List<Change> changes = newer == 0 ? again(row, department, at, eventId) : fold(row, department, event, at, eventId);
      if (newer > 0) rows.put(resident, row);
      context.forward(record.withKey(resident).withValue(row), "views");
      for (Change said : changes) {
        GenericRecord change = new GenericData.Record(BY_NAME.get("change"));
        change.put("household_id", said.household());
        change.put("resident_id", resident);
        change.put("kind", said.kind());
        change.put("tax", said.tax());
        change.put("trigger", eventId);
        context.forward(record.withKey(said.household()).withValue(change), "changes");
      }
    }

    @SuppressWarnings("unchecked")
    List<Change> again(GenericRecord row, int department, long at, String eventId) {
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
    List<Change> fold(GenericRecord row, int department, GenericRecord event, long at, String eventId) {
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
  }

  static class Household implements Processor<String, GenericRecord, String, GenericRecord> {
    ProcessorContext<String, GenericRecord> context;
    KeyValueStore<String, GenericRecord> rows;

    public void init(ProcessorContext<String, GenericRecord> given) {
      context = given;
      rows = given.getStateStore("households");
    }

    public void process(Record<String, GenericRecord> record) {
      GenericRecord said = record.value();
      String household = record.key(), resident = said.get("resident_id").toString();
      int kind = (Integer) said.get("kind");
      Long tax = (Long) said.get("tax");
      GenericRecord state = rows.get(household);
      TreeMap<String, Long> members = new TreeMap<>();
      if (state != null) {
        for (Map.Entry<?, ?> member : ((Map<?, ?>) state.get("members")).entrySet()) {
          members.put(member.getKey().toString(), (Long) member.getValue());
        }
      }
      if (kind == JOINED) members.put(resident, tax);
      else if (kind == LEFT) members.remove(resident);
      else if (members.containsKey(resident)) members.put(resident, tax);
      GenericRecord kept = new GenericData.Record(BY_NAME.get("household_state"));
      kept.put("members", members);
      rows.put(household, kept);
      long sum = 0;
      for (Long amount : members.values()) if (amount != null) sum += amount;
      GenericRecord row = new GenericData.Record(BY_NAME.get("household"));
      row.put("household_id", household);
      row.put("members", new ArrayList<>(members.keySet()));
      row.put("count", members.size());
      row.put("tax_sum", sum);
      row.put("trigger", said.get("trigger"));
      row.put("taxes", new ArrayList<>(members.values()));
      context.forward(record.withValue(row));
    }
  }

  public static void main(String[] arguments) throws Exception {
    readSchemas(setting("BENCH_SCHEMAS", "schemas.json"));
    String run = setting("BENCH_RUN", "bench-run-"), input = setting("BENCH_INPUT", "bench-in-");
    Properties settings = new Properties();
    settings.put("application.id", run + "streams");
    settings.put("bootstrap.servers", setting("BENCH_BOOTSTRAP", "127.0.0.1:19092"));
    settings.put("num.stream.threads", setting("BENCH_THREADS", "1"));
    settings.put("processing.guarantee", "exactly_once_v2");
    settings.put("commit.interval.ms", "100");
    settings.put("state.dir", setting("BENCH_STATE", "state"));
    settings.put("replication.factor", "1");
    settings.put("auto.offset.reset", "earliest");
    settings.put("producer.compression.type", "lz4");
    settings.put("producer.linger.ms", "5");
    settings.put("producer.batch.size", "262144");
    settings.put("max.poll.records", "5000");
    settings.put("consumer.max.partition.fetch.bytes", setting("BENCH_FETCH_BYTES", "65536"));
    settings.put("session.timeout.ms", "6000");
    settings.put("heartbeat.interval.ms", "500");
    settings.put("statestore.cache.max.bytes", "0");
    Topology topology = new Topology();
    String[] inputs = new String[SOURCES.length];
    for (int i = 0; i < SOURCES.length; i++) inputs[i] = input + SOURCES[i];
    Serde<String> key = Serdes.String();
    topology.addSource("events", key.deserializer(), new Avro(null), inputs);
    topology.addProcessor("resident", Resident::new, "events");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("residents"), key, new Avro("resident")), "resident");
    topology.addSink("views", run + "residents", key.serializer(), new Avro("resident"), "resident");
    topology.addSink("changes", run + "changes", key.serializer(), new Avro("change"), "resident");
    topology.addSource("said", key.deserializer(), new Avro(null), run + "changes");
    topology.addProcessor("household", Household::new, "said");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("households"), key, new Avro("household_state")),
        "household");
    topology.addSink("households", run + "households", key.serializer(), new Avro("household"), "household");
    KafkaStreams streams = new KafkaStreams(topology, settings);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(10))));
    streams.start();
  }
}
