//! Who changed what, and how things were before.

use std::time::SystemTime;

use crate::harness::{Cluster, check, golden};

/// The present, as `--at` takes it: to the nanosecond, in UTC.
fn now() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let seconds = i64::try_from(since.as_secs()).unwrap();
    let moment = chrono::DateTime::from_timestamp(seconds, since.subsec_nanos()).unwrap();
    moment.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true)
}

fn json(cluster: &Cluster, line: &str) -> serde_json::Value {
    serde_json::from_str(&cluster.must(line)).unwrap()
}

#[test]
fn the_journal_tells_who_changed_what_from_what_to_what() {
    let cluster = Cluster::start(&[&golden().join("model.xml")]);
    cluster.must("immcfg -o alice -c DemoClass -a demoFixed=x -a demoLimit=1 demoId=new");
    let between = now();
    cluster.must("immcfg -o bob -a demoLimit=2 demoId=new demoId=1,demoId=all");
    cluster.must("immcfg -o carol -d demoId=new");
    let entries = json(&cluster, "perdure journal --json --object demoId=new");
    let owners: Vec<&str> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["owner"].as_str().unwrap())
        .collect();
    assert_eq!(owners, ["alice", "bob", "carol"]);
    let change = &entries[1]["changes"][0];
    assert_eq!(
        (&change["change"], &change["class"]),
        (&"changed".into(), &"DemoClass".into())
    );
    assert_eq!(change["attrs"][0]["name"], "demoLimit");
    assert_eq!(change["attrs"][0]["before"][0], "1");
    assert_eq!(change["attrs"][0]["after"][0], "2");
    assert_eq!(entries[2]["changes"][0]["change"], "deleted");
    let later = json(&cluster, &format!("perdure journal --json --since {between}"));
    assert_eq!(later.as_array().unwrap().len(), 2);
    assert_eq!(
        later[0]["changes"].as_array().unwrap().len(),
        2,
        "both objects of the CCB"
    );
    let newest = json(&cluster, "perdure journal --json -n 1");
    assert_eq!(newest[0]["owner"], "carol");
    let text = cluster.must("perdure journal -n 1");
    assert!(
        text.contains("of carol (uid ") && text.contains("  deleted demoId=new (DemoClass)"),
        "{text}"
    );
}

#[test]
fn the_journal_is_shown_as_text_and_as_json() {
    let cluster = Cluster::start(&[&golden().join("model.xml")]);
    check("journal.txt", Some(&cluster));
}

#[test]
fn objects_are_shown_as_they_were() {
    let mut cluster = Cluster::start(&[&golden().join("model.xml")]);
    let before = cluster.must("immdump");
    let at_start = now();
    cluster.must("immcfg -c DemoClass -a demoFixed=x -a demoLimit=1 demoId=new demoId=below,demoId=new");
    cluster.must("immcfg -a demoLimit=41 -a demoNote=old demoId=1,demoId=all");
    let middle = now();
    cluster.must("immcfg -a demoLimit=42 -a demoNote= demoId=1,demoId=all");
    cluster.must("immcfg -d demoId=new");
    cluster.must("immcfg -c DemoMandatory -a demoMust=safApp=demo demoId=new");
    let listed = |line: &str| cluster.must(&format!("immlist --at {middle} {line}"));
    assert_eq!(
        listed("-a demoLimit -a demoNote demoId=1,demoId=all"),
        "demoNote=old\ndemoLimit=41\n"
    );
    assert_eq!(listed("-a demoLimit demoId=new"), "demoLimit=1\n");
    assert_eq!(
        listed("-a SaImmAttrClassName demoId=new"),
        "SaImmAttrClassName=DemoClass\n"
    );
    assert_eq!(listed("-a demoFixed demoId=below,demoId=new"), "demoFixed=x\n");
    let gone = cluster.run(&format!("immlist --at {at_start} demoId=new"));
    assert!(!gone.status.success());
    assert_eq!(
        String::from_utf8_lossy(&gone.stderr),
        "error - object or attribute does not exist\n"
    );
    assert_eq!(cluster.must(&format!("immdump --at {at_start}")), before);
    let of_class = cluster.must(&format!("immdump --at {middle} -c DemoMandatory"));
    assert!(!of_class.contains("<dn>demoId=new</dn>"), "{of_class}");
    // It survives the daemon.
    cluster.kill();
    cluster.restart();
    cluster.wait_until_it_answers();
    assert_eq!(cluster.must(&format!("immdump --at {at_start}")), before);
    let wrong = cluster.run("immlist --at yesterday demoId=1,demoId=all");
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("illegal value 'yesterday'"));
}

#[test]
fn what_the_journal_does_not_reach_is_refused() {
    let cluster = Cluster::start_with(&["--journal-entries=2"], &[&golden().join("model.xml")]);
    let at_start = now();
    for limit in 1..=4 {
        cluster.must(&format!("immcfg -a demoLimit={limit} demoId=1,demoId=all"));
    }
    let entries = json(&cluster, "perdure journal --json");
    assert_eq!(entries.as_array().unwrap().len(), 2);
    let refused = cluster.run(&format!("immlist --at {at_start} demoId=1,demoId=all"));
    let complaint = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(complaint.contains("the journal reaches back to"), "{complaint}");
}

#[test]
fn a_change_larger_than_a_message_is_told_whole() {
    let cluster = Cluster::start(&[&golden().join("model.xml")]);
    let mut file = String::from("<imm:IMM-contents xmlns:imm=\"http://www.saforum.org/IMMSchema\">\n");
    for number in 0..3_000 {
        let note = "n".repeat(1_000);
        let object = format!(
            "<object class=\"DemoClass\"><dn>demoId=many{number}</dn>\
             <attr><name>demoFixed</name><value>x</value></attr>\
             <attr><name>demoNote</name><value>{note}</value></attr></object>\n"
        );
        file += &object;
    }
    file += "</imm:IMM-contents>\n";
    let path = cluster.dir().join("many.xml");
    std::fs::write(&path, file).unwrap();
    let before = cluster.must("immdump");
    let at = now();
    cluster.must(&format!("immcfg -f {}", path.display()));
    let entries = json(&cluster, "perdure journal --json");
    assert_eq!(entries[0]["changes"].as_array().unwrap().len(), 3_000);
    assert_eq!(cluster.must(&format!("immdump --at {at}")), before);
}
