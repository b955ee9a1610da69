module container_start_exporter

go 1.26
