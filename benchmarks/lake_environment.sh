#!/usr/bin/env bash
# Makes an environment with genuine Spark 3.5, Iceberg's runtime for it, and Daft on Ray: lake_environment.sh FOLDER
#
# It needs Java 17 and Debian's libjarjar-java (apt-get install openjdk-17-jre-headless libjarjar-java). Iceberg's
# runtime comes in a package that leaves out the Jackson which Iceberg keeps under a name of its own; the one that Spark
# brings is put there under that name.
set -euo pipefail
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
jarjar=/usr/share/java/jarjar.jar

command -v java >/dev/null || { echo "Java is missing: apt-get install openjdk-17-jre-headless" >&2; exit 1; }
[ -f $jarjar ] || { echo "jarjar is missing: apt-get install libjarjar-java" >&2; exit 1; }

"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip --disable-pip-version-check install -qq -r "$here/lake_requirements.txt" \
  -c "$here/../constraints.txt"
packages=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
jars=$folder/jars
mkdir -p "$jars"
cp "$packages"/snowpark_connect_deps_iceberg/jars/iceberg-spark-runtime-3.5_2.12-*.jar "$jars/"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$folder/bin/python" - "$packages/pyspark/jars" "$scratch/jackson.jar" <<'PY'
import sys, zipfile
from pathlib import Path

parts = ("jackson-core-2", "jackson-databind-2", "jackson-annotations-2")
with zipfile.ZipFile(sys.argv[2], "w") as whole:
    for jar in sorted(path for path in Path(sys.argv[1]).glob("jackson-*.jar") if path.name.startswith(parts)):
        with zipfile.ZipFile(jar) as part:
            for name in part.namelist():
                if name.startswith("com/fasterxml/") and not name.endswith("/"):
                    whole.writestr(name, part.read(name))
PY
echo 'rule com.fasterxml.jackson.** org.apache.iceberg.shaded.com.fasterxml.jackson.@1' > "$scratch/rules"
java -jar $jarjar process "$scratch/rules" "$scratch/jackson.jar" "$jars/iceberg-jackson.jar"
touch "$folder/installed"
