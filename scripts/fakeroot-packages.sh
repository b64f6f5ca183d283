# The packages of fakeroot-packages, which reads this file, that are not Debian's:
# GNU hello by makepkg(8) and by rpmbuild(8), with owners, modes, devices and file
# capabilities that its installation does not have.

# more prints what the packages have besides, with the tree in $1.
more() {
	sed "s|@|$1|g" <<-'EOT'
		install -d -o daemon -g 12 -m 2775 "@/var/lib/hello"
		install -d -m 1777 "@/var/spool/hello"
		install -o games -g games -m 4755 /bin/true "@/usr/bin/hello-set-user-id"
		install -g tty -m 2711 /bin/true "@/usr/bin/hello-set-group-id"
		install -o 70000 -g 70001 -m 0400 /bin/true "@/var/lib/hello/numbers"
		ln "@/usr/bin/hello-set-user-id" "@/usr/bin/hello-linked"
		ln -s hello "@/usr/bin/hello-symbolic"
		chown -h mail:mail "@/usr/bin/hello-symbolic"
		install -m 0755 /bin/true "@/usr/bin/hello-capable"
		setcap cap_net_raw,cap_net_bind_service+ep "@/usr/bin/hello-capable"
		mkdir -p "@/dev"
		mknod -m 666 "@/dev/hello-null" c 1 3
		mknod -m 660 "@/dev/hello-disk" b 259 70000
		chown root:disk "@/dev/hello-disk"
	EOT
}

# build_makepkg: the user's makepkg finds fakeroot in PATH. It does not work for
# root; what it runs within fakeroot does, if it is told that this is one.
build_makepkg() {
	debian_source hello || return
	mkdir "$work/build"
	cat >"$work/build/PKGBUILD" <<-EOF
		pkgname=hello pkgver=2.10 pkgrel=1 arch=(x86_64) license=(GPL) options=(!strip)
		build() { cp -a "$dir" hello; cd hello; ./configure -q --prefix=/usr --disable-nls; make -s MAKEINFO=true; }
		package() {
			make -s -C hello MAKEINFO=true DESTDIR="\$pkgdir" install
			$(more '$pkgdir')
		}
	EOF
	chown -R "$user:" "$work/build"
	why="cannot be made with catbox: see $cache/makepkg.log"
	(cd "$work/build" && as_user PATH="$work/bin:$PATH" makepkg -d) >"$cache/makepkg.log" 2>&1 || return
	cp -a "$work/build" "$work/fake"
	rm -rf "$work"/build/{pkg,*.pkg.tar.gz}
	mkdir "$work/build/pkg"
	chown -R root: "$work/build"
	why="cannot be made by root: see $cache/makepkg.log"
	(cd "$work/build" && PATH="$work/bin:$PATH" FAKEROOTKEY=0 makepkg -d -F) >"$cache/makepkg.log" 2>&1 || return
	mv "$work/build" "$work/root"
}

# build_rpmbuild: rpmbuild does not call fakeroot, but is called within it. It
# takes modes and devices from the files; owners and capabilities are said in %files.
build_rpmbuild() {
	debian_source hello || return
	mkdir "$work/build"
	cat >"$work/build/hello.spec" <<-EOF
		Name: hello
		Version: 2.10
		Release: 1
		Summary: what a fake root has to keep
		License: GPL
		%define _build_id_links none
		%description
		%prep
		rm -rf hello && cp -a "$dir" hello
		%build
		cd hello && ./configure -q --prefix=/usr --disable-nls && make -s MAKEINFO=true
		%install
		make -s -C hello MAKEINFO=true DESTDIR=%{buildroot} install
		rm -rf %{buildroot}/usr/share
		$(more %{buildroot})
		%files
		/usr/bin/hello
		/usr/bin/hello-*ed
		%attr(-,games,games) /usr/bin/hello-set-user-id
		%attr(-,root,tty) /usr/bin/hello-set-group-id
		%attr(-,mail,mail) /usr/bin/hello-symbolic
		%caps(cap_net_raw,cap_net_bind_service=ep) /usr/bin/hello-capable
		%attr(-,daemon,man) %dir /var/lib/hello
		/var/lib/hello/numbers
		/var/spool/hello
		/dev/hello-null
		%attr(-,root,disk) /dev/hello-disk
	EOF
	chown -R "$user:" "$work/build"
	why="cannot be made with catbox: see $cache/rpmbuild.log"
	as_user "$work/bin/fakeroot" rpmbuild "${rpm_options[@]}" -bb "$work/build/hello.spec" >"$cache/rpmbuild.log" 2>&1 || return
	mkdir "$work/fake" "$work/root"
	mv "$work"/build/*.rpm "$work/fake/"
	chown -R root: "$work/build"
	why="cannot be made by root: see $cache/rpmbuild.log"
	rpmbuild "${rpm_options[@]}" -bb "$work/build/hello.spec" >"$cache/rpmbuild.log" 2>&1 || return
	mv "$work"/build/*.rpm "$work/root/"
}
